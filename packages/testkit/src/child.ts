import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import type { Namespace } from "./namespace.ts";
import { poll } from "./poll.ts";
import { forgetGroup, killGroup, watchGroup } from "./reaper.ts";

export interface ChildSpec {
  /** Shown in logs and errors. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Network namespace to run in. */
  readonly namespace?: Namespace | null;
  /** Its stdout is a conversation and stays out of the log. */
  readonly quiet?: boolean;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const LOG_LINES = 400;

/**
 * A program under test or its foreign partner. It leads a process group of its own, which is killed as a whole: with
 * `stop`, at the end of the test process, and also when the test process is itself killed.
 */
export class Child {
  readonly name: string;
  readonly pid: number;
  /** Settles when the process has ended and its output has been read. Never rejects. */
  readonly exited: Promise<ChildExit>;
  exit: ChildExit | null = null;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #log: string[] = [];
  readonly #listeners: Set<(line: string, from: "stdout" | "stderr") => void> = new Set();

  constructor(spec: ChildSpec) {
    this.name = spec.name;
    const words = [spec.command, ...spec.args];
    const [command, ...args] = spec.namespace ? spec.namespace.wrap(words) : words;
    this.#process = spawn(command ?? "", args, {
      detached: true,
      stdio: "pipe",
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      env: { ...process.env, ...spec.env },
    });
    this.#process.stdin.on("error", () => {});
    this.pid = this.#process.pid ?? -1;
    if (this.pid > 0) watchGroup(this.pid);
    this.#read("stdout", spec.quiet === true);
    this.#read("stderr", false);
    this.exited = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        if (this.exit !== null) return;
        this.exit = { code, signal };
        this.#note(`(ended with ${signal ?? code})`);
        if (this.pid > 0) {
          killGroup(this.pid, "SIGKILL");
          forgetGroup(this.pid);
        }
        resolve(this.exit);
      };
      this.#process.once("error", (error) => {
        this.#note(`(could not start: ${error.message})`);
        end(-1, null);
      });
      this.#process.once("close", end);
    });
  }

  /** Last lines of both outputs, for error messages. */
  get log(): string {
    return this.#log.join("\n");
  }

  /** Returns what ends it. */
  onLine(listener: (line: string, from: "stdout" | "stderr") => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Settles once its log has `words`. Throws when it ends before, or does not say them in time. */
  says(words: RegExp, within: number = 10_000): Promise<void> {
    return this.#comes(`says ${words.source}`, () => words.test(this.log), within);
  }

  /** Settles once a question to it succeeds. Throws when it ends before, or does not answer in time. */
  answers(ask: () => Promise<unknown>, within: number = 10_000): Promise<void> {
    const look = (): Promise<boolean> =>
      ask().then(
        () => true,
        () => false,
      );
    return this.#comes("answers", look, within);
  }

  write(text: string): void {
    this.#process.stdin.write(text);
  }

  endInput(): void {
    this.#process.stdin.end();
  }

  /** Signals the whole group. */
  signal(signal: NodeJS.Signals): void {
    if (this.exit === null) killGroup(this.pid, signal);
  }

  /** kill -9, and waits for the end. */
  kill(): Promise<ChildExit> {
    this.signal("SIGKILL");
    return this.exited;
  }

  /** Asks politely, then kills. */
  async stop(graceMs: number = 3_000, signal: NodeJS.Signals = "SIGTERM"): Promise<ChildExit> {
    this.signal(signal);
    const timer = setTimeout(() => this.signal("SIGKILL"), graceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  async #comes(what: string, look: () => Promise<boolean> | boolean, within: number): Promise<void> {
    const lookWhileUp = (): Promise<boolean> | boolean => {
      if (this.exit !== null) throw new Error(`${this.name} ended\n${this.log}`);
      return look();
    };
    await poll(`${this.name} ${what}`, lookWhileUp, { within });
  }

  #read(from: "stdout" | "stderr", isQuiet: boolean): void {
    const lines = createInterface({ input: this.#process[from], crlfDelay: Number.POSITIVE_INFINITY });
    lines.on("line", (line) => {
      if (!isQuiet) this.#note(from === "stdout" ? line : `! ${line}`);
      for (const listener of this.#listeners) listener(line, from);
    });
  }

  #note(line: string): void {
    this.#log.push(line.length > 2_000 ? `${line.slice(0, 2_000)}…` : line);
    if (this.#log.length > LOG_LINES) this.#log.splice(0, this.#log.length - LOG_LINES);
  }
}

/** Runs a program to its end; throws with its output unless it ends with 0. Returns stdout. */
export async function runToEnd(spec: ChildSpec, withinMs: number = 30_000): Promise<string> {
  const child = new Child(spec);
  const out: string[] = [];
  child.onLine((line, from) => {
    if (from === "stdout") out.push(line);
  });
  child.endInput();
  const timer = setTimeout(() => child.signal("SIGKILL"), withinMs);
  const exit = await child.exited;
  clearTimeout(timer);
  if (exit.code !== 0) {
    const words = [spec.command, ...spec.args].join(" ");
    throw new Error(`${words} ended with ${exit.signal ?? exit.code}\n${child.log}`);
  }
  return out.join("\n");
}
