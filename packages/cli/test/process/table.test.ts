import assert from "node:assert/strict";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { after, before, describe, test } from "node:test";

import { runCommandLine } from "../../dist/cli.js";
import type { Command } from "../../dist/commands/command.js";
import { helpPage } from "../../dist/commands/help.js";
import { COMMANDS } from "../../dist/commands/table.js";
import { complete } from "../../dist/completion/complete.js";
import type { Context, StopReason } from "../../dist/context.js";
import { EXIT_CODES } from "../../dist/exit-codes.js";
import { programPage } from "../../dist/manual/program-page.js";
import { splitLine } from "../../dist/shell/split-line.js";
import { createStyle } from "../../dist/ui/style.js";
import { TextBuffer } from "../fake-output.ts";
import { Place } from "./shoal.ts";

/** Commands that go on until somebody ends them, and what they have written by the time they do what they are for. */
const LASTING: Readonly<Record<string, RegExp>> = {
  "shoal send Holiday": /magnet:/,
  "shoal send Holiday --tracker http://tracker.example/announce": /magnet:/,
  "shoal send Holiday.torrent --data .": /magnet:/,
  "shoal watch": /Q ends/,
  "shoal profile run 3": /Ctrl-C/,
  "shoal daemon run --download-dir ~/Films": /Ctrl-C/,
  "shoal daemon logs -n 20 --follow": /./,
};

/** They leave nothing for the others to work with. */
const LAST = ["cancel", "rm", "daemon run", "daemon restart", "daemon stop"];

/** What is found is no fault of the command. */
const JUDGES = ["doctor"];

interface Ran {
  readonly code: number;
  readonly text: string;
}

describe("the command table", () => {
  const page = programPage(COMMANDS, "1.2.3");
  for (const command of COMMANDS) {
    test(`${command.name}: help, manual, completion, exit codes`, () => {
      const help = helpPage(command.name, COMMANDS, createStyle(false))!.join("\n");
      assert.ok(help.includes(command.summary));
      assert.ok(command.examples.length > 0);
      for (const exit of command.exits) {
        const { code, meaning, fix } = EXIT_CODES[exit];
        assert.match(help, new RegExp(`\\b${code}\\b`), `${exit} is not in the help`);
        assert.ok(meaning !== "" && fix !== "");
      }
      if (command.hidden === true) return;
      const words = command.name.split(" ");
      assert.ok(page.includes(words.join(" ").replaceAll("-", "\\-")), "not in the manual");
      assert.ok(complete(words, COMMANDS).candidates.some(({ word }) => word === words.at(-1)));
    });
  }
});

describe("examples run as they stand", () => {
  let place: Place;
  let magnet = "";
  let peer = "";

  before(async () => {
    place = new Place();
    prepareFiles(place);
    await make("Holiday", "Holiday.torrent");
    const seeder = place.start(
      "send",
      "Holiday.torrent",
      "--data",
      ".",
      "--port",
      "0",
      "--no-discovery",
      "--json",
    );
    peer = `127.0.0.1:${String((await seeder.event("listening"))["port"])}`;
    magnet = (await run("torrent magnet Holiday.torrent")).text.trim();
    // The usual ports may be taken.
    for (const key of ["ui.port", "network.port"]) await run(`config set ${key} 0`);
    assert.equal((await run("daemon start --port 0 --ui-port 0 --no-lsd --no-dht")).code, 0);
    // Seven transfers, all there, of which some have a label.
    for (let at = 1; at <= 7; at++) {
      await make(`old/${at}/Holiday`, `${at}.torrent`);
      const label = at < 3 ? "--label films --label new" : "";
      const got = await run(`get ${at}.torrent -o old/${at} --seed-ratio 9 ${label}`);
      assert.equal(got.code, 0, got.text);
    }
    mkdirSync(place.path(".config/transmission-daemon/resume"), { recursive: true });
    mkdirSync(place.path(".config/transmission-daemon/torrents"));
    writeFileSync(place.path(".config/transmission-daemon/resume/1.resume"), "d11:destination5:/nonee");
    cpSync(place.path("Holiday.torrent"), place.path("kept.torrent"));
    cpSync(place.path("1.torrent"), place.path(".config/transmission-daemon/torrents/1.torrent"));
  });

  after(async () => {
    await place[Symbol.asyncDispose]();
  });

  async function make(path: string, file: string): Promise<void> {
    const made = await run(`torrent create ${path} -o ${file}`);
    assert.equal(made.code, 0, made.text);
  }

  /** Runs a line in this process, with the home and the folder of the test; one that lasts is ended as by Ctrl-C when `until` is written. */
  async function run(line: string, until: RegExp | null = null): Promise<Ran> {
    const [words, input] = line.split(" < ");
    const isTerminal = line === "watch";
    const stdout = new TextBuffer(isTerminal);
    const stderr = new TextBuffer(isTerminal);
    const stop = new AbortController();
    const stdin = new PassThrough();
    stdin.end(input === undefined ? "" : "list\nexit\n");
    const note = (text: string): void => void stderr.write(`${text}\n`);
    const context: Context = {
      stdout,
      stderr,
      stdin,
      env: { PATH: process.env["PATH"], HOME: place.dir, EDITOR: "true", SHOAL_OFFLINE: "1" },
      cwd: place.dir,
      platform: process.platform,
      home: place.dir,
      signal: stop.signal,
      note,
      run: runCommandLine,
      onInterrupt: () => () => undefined,
      stop: (reason: StopReason) => stop.abort(reason),
      now: () => performance.now(),
      wallTime: () => Date.now(),
      engine: () => import("@shoal/engine"),
    };
    const looking = setInterval(() => {
      if (until?.test(stdout.text + stderr.text) === true) stop.abort("interrupt");
    }, 20);
    const home = (word: string): string => word.replace(/^~(?=\/|$)/, place.dir);
    try {
      const code = await runCommandLine(splitLine(words!).words.map(home), context);
      return { code, text: stdout.text + stderr.text };
    } finally {
      clearInterval(looking);
    }
  }

  const isLast = ({ name }: Command): boolean => LAST.includes(name);
  const inOrder = [
    ...COMMANDS.filter((command) => !isLast(command)),
    ...LAST.map((name) => COMMANDS.find((command) => command.name === name)!),
  ];
  for (const { name, examples, exits } of inOrder) {
    for (const { line } of examples) {
      test(line, { timeout: 60_000 }, async () => {
        const real = line
          .replace(/^shoal /, "")
          .replace("'magnet:?xt=urn:btih:…'", `'${magnet}'`)
          .replace("192.0.2.7:41873", peer);
        // Some make it, and some use it.
        if (/create|export/.test(name)) rmSync(place.path("Holiday.torrent"));
        // Needs the daemon's place.
        if (name === "daemon run") await run("daemon stop");
        const { code, text } = await run(real, LASTING[line]);
        if (name === "daemon run") await run("daemon start --port 0 --ui-port 0");
        if (/create|export/.test(name)) cpSync(place.path("kept.torrent"), place.path("Holiday.torrent"));
        const expected = [0, ...(JUDGES.includes(name) ? exits.map((exit) => EXIT_CODES[exit].code) : [])];
        if (line in LASTING) expected.push(EXIT_CODES.interrupted.code);
        assert.ok(expected.includes(code), `ended with ${code}:\n${text}`);
      });
    }
  }
});

/** What the examples name. */
function prepareFiles(place: Place): void {
  const holiday = (dir: string, what: string): void => {
    mkdirSync(place.path(dir), { recursive: true });
    for (const file of ["001.jpg", "002.jpg", "003.jpg", "004.jpg", "005.jpg", "006.jpg", "about.nfo"])
      writeFileSync(place.path(dir, file), `${what} ${file}`.repeat(1000));
  };
  holiday("Holiday", "now");
  for (let at = 1; at <= 7; at++) holiday(`old/${at}/Holiday`, `then ${at}`);
  for (const dir of ["Films", "Torrents", "Downloads"]) mkdirSync(place.path(dir));
  cpSync(place.path("Holiday"), place.path("Downloads/Holiday"), { recursive: true });
}
