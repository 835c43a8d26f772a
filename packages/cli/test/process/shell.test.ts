import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Place, type Running } from "./shoal.ts";

const MAGNET = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=hello`;
const DAEMON = {
  SHOAL_NO_START: "",
  SHOAL_UI_PORT: "0",
  SHOAL_NETWORK_PORT: "0",
  SHOAL_NETWORK_HOST: "127.0.0.1",
};

describe("the shell from a pipe", () => {
  test("runs each line, with and without the word shoal, up to the first that fails", async () => {
    await using place = new Place();
    const text = "# first\nversion\n\nshoal config get ui.port\nnonsense\nversion\n";
    const { code, stdout, stderr } = await place.runWithInput(text, "shell");
    assert.equal(code, 2);
    assert.match(stdout, /^shoal [\d.]+\n8420\n$/);
    assert.match(stderr, /^"nonsense" is not a command/);
  });

  test("goes on after set -k, and its exit code is that of the last failure", async () => {
    await using place = new Place();
    const text = "set -k\npause 1\nnonsense\nversion\nexit\nnonsense\n";
    const { code, stdout, stderr } = await place.runWithInput(text, "shell");
    assert.equal(code, 2);
    assert.match(stdout, /^shoal [\d.]+\n$/);
    assert.equal(stderr.match(/nonsense/g)?.length, 1);
  });

  test("a line that can't be read is no command", async () => {
    await using place = new Place();
    for (const [line, words] of [
      ['send "a', /A " is not closed/],
      ["exit now", /exit takes --stop/],
      ["set x", /set takes -k/],
      ["shell", /the shell already/],
    ] as const) {
      const { code, stderr } = await place.runWithInput(`${line}\nversion\n`, "shell");
      assert.equal(code, 2, line);
      assert.match(stderr, words);
    }
  });
});

/** A shell on a terminal. */
class Screen {
  readonly #shell: Running;

  constructor(place: Place) {
    this.#shell = place.startOnTerminal(DAEMON, "shell");
  }

  get ended(): Running["ended"] {
    return this.#shell.ended;
  }

  /** Waits until the prompt stands at the end with nothing behind it, and types. */
  async type(keys: string): Promise<void> {
    await this.#shell.until(() => this.#shell.stdout.endsWith("shoal> \u001b[8G"), "a prompt");
    this.press(keys);
  }

  press(keys: string): void {
    this.#shell.child.stdin!.write(keys);
  }

  async shows(pattern: RegExp): Promise<void> {
    await this.#shell.until(() => pattern.test(this.#shell.stdout), String(pattern));
  }
}

describe(
  "the shell on a terminal",
  { skip: process.platform === "linux" ? false : "needs script of util-linux" },
  () => {
    test("completes, tells what happens above the line, clears it with Ctrl-C, and leaves transfers alone", async () => {
      await using place = new Place();
      const shell = new Screen(place);
      await shell.shows(/Tab completes, Ctrl-D leaves/);
      await shell.type(`get '${MAGNET}' --detach\r`);
      await shell.shows(/hello is transfer 1/);
      await shell.shows(/\d\d:\d\d hello was added/);
      await shell.type("conf\t");
      await shell.shows(/config $/);
      shell.press("pa\t");
      await shell.shows(/config path $/);
      shell.press("\r");
      await shell.shows(/config\.json/);
      await shell.type("nonsense");
      await shell.shows(/nonsense$/);
      shell.press("\u0003");
      await shell.type("version\r");
      await shell.shows(/shoal \d+\.\d+\.\d+\r\n/);
      await shell.type("pause hel\t");
      await shell.shows(/pause hello $/);
      shell.press("\r");
      await shell.shows(/1 {2}hello: paused/);
      await shell.type("resume 1\r");
      await shell.shows(/resume 1[^]*1 {2}hello: /);
      await shell.type("exit\r");
      const { code, stdout } = await shell.ended;
      assert.equal(code, 0);
      assert.doesNotMatch(stdout, /not a command/);
      assert.match(stdout, /1 transfer goes on in the background/);
      const history = readFileSync(place.path(".local/state/shoal/shell-history"), "utf8");
      const lines = history
        .trimEnd()
        .split("\n")
        .map((line) => line.trim());
      assert.deepEqual(lines.slice(1), ["config path", "version", "pause hello", "resume 1", "exit"]);
      const list = await place.run("list", "--json");
      assert.equal((JSON.parse(list.stdout) as { torrents: unknown[] }).torrents.length, 1);
    });

    test("Ctrl-C ends the command that runs, Ctrl-D the shell, and exit --stop the service", async () => {
      await using place = new Place();
      const shell = new Screen(place);
      await shell.type(`get '${MAGNET}' --foreground --no-discovery\r`);
      await shell.shows(/no peer is known/);
      shell.press("\u0003");
      await shell.type("exit --stop\r");
      const { code, stdout } = await shell.ended;
      assert.equal(code, 0);
      assert.match(stdout, /Shoal has ended/);
      const again = new Screen(place);
      await again.type("\u0004");
      assert.equal((await again.ended).code, 0);
    });
  },
);
