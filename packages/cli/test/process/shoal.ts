import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const BIN: string = fileURLToPath(new URL("../../bin/shoal.js", import.meta.url));

/** What a finished command left. */
export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A JSON line. */
export type Line = Readonly<Record<string, unknown>>;

/** A folder that is its own home, with its own state; gone at the end of the test. */
export class Place {
  readonly dir: string = mkdtempSync(join(tmpdir(), "shoal-cli-"));
  readonly #running: Set<Running> = new Set();

  path(...parts: string[]): string {
    return join(this.dir, ...parts);
  }

  start(...args: string[]): Running {
    return this.startIn({}, ...args);
  }

  startIn(env: Readonly<Record<string, string>>, ...args: string[]): Running {
    return this.#launch(env, process.execPath, [BIN, ...args]);
  }

  /** On a terminal of 80 columns, by `script` of util-linux: what is written to stdin are keys, and stdout is the screen. */
  startOnTerminal(env: Readonly<Record<string, string>>, ...args: string[]): Running {
    const line = [process.execPath, BIN, ...args].map((word) => `'${word}'`).join(" ");
    return this.#launch({ TERM: "xterm", ...env }, "script", [
      "-qec",
      `stty cols 80; exec ${line}`,
      "/dev/null",
    ]);
  }

  #launch(env: Readonly<Record<string, string>>, program: string, args: readonly string[]): Running {
    const running = new Running(
      spawn(program, args, {
        cwd: this.dir,
        env: {
          PATH: process.env["PATH"] ?? "",
          HOME: this.dir,
          SHOAL_OFFLINE: "1",
          SHOAL_NO_START: "1",
          ...env,
        },
      }),
    );
    this.#running.add(running);
    return running;
  }

  /** Runs a daemon on free ports that looks for nobody, and waits until it listens. */
  async startDaemon(...flags: string[]): Promise<Running> {
    const ports = ["--ui-port", "0", "--port", "0", "--no-lsd", "--no-dht"];
    const daemon = this.start("daemon", "run", "--json", ...ports, ...flags);
    await daemon.event("listening");
    return daemon;
  }

  /** Runs a command to its end. */
  async run(...args: string[]): Promise<Result> {
    const running = this.start(...args);
    running.child.stdin?.end();
    return running.ended;
  }

  async runWithInput(input: string | Uint8Array, ...args: string[]): Promise<Result> {
    const running = this.start(...args);
    running.child.stdin?.end(input);
    return running.ended;
  }

  /** Runs a command with this environment to its end. */
  runIn(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Result> {
    const running = this.startIn(env, ...args);
    running.child.stdin?.end();
    return running.ended;
  }

  /** The state folders of profiles in which a daemon was started in the background. */
  #backgroundProfiles(): string[] {
    const profiles = this.path(".local/state/shoal/profiles");
    const names = existsSync(profiles) ? readdirSync(profiles) : [];
    const known = [
      ["default", this.path(".local/state/shoal")],
      ...names.map((name) => [name, join(profiles, name)]),
    ];
    return known.flatMap(([name, dir]) => (existsSync(join(dir!, "daemon.out")) ? [name!] : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const profile of this.#backgroundProfiles()) {
      const { code, stdout } = await this.run("--profile", profile, "daemon", "status", "--json=pid");
      if (code === 0) process.kill(Number((JSON.parse(stdout) as Line)["pid"]), "SIGKILL");
    }
    for (const { child } of this.#running) child.kill("SIGKILL");
    await Promise.all(Array.from(this.#running, ({ ended }) => ended));
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A command under way. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Result>;
  stdout = "";
  stderr = "";
  readonly #waiting: Set<() => void> = new Set();

  constructor(child: ChildProcess) {
    this.child = child;
    // The command may end before it reads what is written to it.
    child.stdin?.on("error", () => undefined);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#onText((this.stdout += text)));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => this.#onText((this.stderr += text)));
    this.ended = new Promise((resolve) => {
      child.on("close", (code) => {
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
        this.#onText("");
      });
    });
  }

  /** JSON lines so far. */
  get events(): Line[] {
    return parseLines(this.stdout.slice(0, this.stdout.lastIndexOf("\n") + 1));
  }

  /** The first event of that name; fails when the command ends without it. */
  async event(name: string): Promise<Line> {
    await this.until(() => this.events.some((line) => line["event"] === name), `event ${name}`);
    return this.events.find((line) => line["event"] === name) as Line;
  }

  /** Waits until `condition` holds, looking whenever something was written; fails when the command ends first. */
  async until(condition: () => boolean, what: string): Promise<void> {
    while (!condition()) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        await this.ended;
        if (condition()) return;
        throw new Error(`ended without ${what}:\n${this.stdout}\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  stop(signal: NodeJS.Signals): Promise<Result> {
    this.child.kill(signal);
    return this.ended;
  }

  #onText(_text: string): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

export function parseLines(text: string): Line[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}
