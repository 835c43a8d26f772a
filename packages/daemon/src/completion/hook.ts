import { spawn } from "node:child_process";
import type { Log } from "@shoal/engine";

const TIME_LIMIT_MS = 10 * 60_000;
const MOST_AT_ONCE = 2;
/** Bytes of what a program says that are logged; the rest is dropped. */
const MOST_OUTPUT = 16_384;
/** Between the polite request to end and the end. */
const GRACE_MS = 5_000;

/** What the program is told of a finished download. */
export interface Finished {
  readonly id: number;
  readonly name: string;
  /** Absolute folder in which it lies. */
  readonly dir: string;
  /** Hex of the primary info-hash. */
  readonly hash: string;
  readonly labels: readonly string[];
  /** Bytes. */
  readonly size: number;
}

export interface HookOptions {
  /** The program and its arguments; null for none. */
  readonly command: () => readonly string[] | null;
  /** Of the program, besides what it is told of the download. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly timeLimitMs?: number;
}

/**
 * Runs the user's program when a download has finished. Its name and arguments come from the config file alone; no shell is between, and what
 * strangers have named reaches it in the environment only.
 */
export class CompletionHook {
  readonly #options: HookOptions;
  readonly #stop: AbortController = new AbortController();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: HookOptions) {
    this.#options = options;
  }

  /** Resolves when it is this program's turn; false when there will be none any more. */
  async turn(): Promise<boolean> {
    if (this.#running >= MOST_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#stop.signal.aborted) return false;
    this.#running++;
    return true;
  }

  /** After `turn`: a sentence about what went wrong; null when all went well or there is no program. */
  async run(finished: Finished): Promise<string | null> {
    const [program, ...args] = this.#options.command() ?? [];
    try {
      return program === undefined ? null : await this.#spawn(program, args, finished);
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  /** Programs that run are asked to end. */
  close(): void {
    this.#stop.abort();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #spawn(program: string, args: readonly string[], finished: Finished): Promise<string | null> {
    const { env, log, timeLimitMs = TIME_LIMIT_MS } = this.#options;
    return new Promise((resolve) => {
      const isUnix = process.platform !== "win32";
      const child = spawn(program, args, {
        shell: false,
        cwd: finished.dir,
        env: { ...env, ...variables(finished) },
        stdio: ["ignore", "pipe", "pipe"],
        // A group of its own, so that what it starts ends with it.
        detached: isUnix,
        windowsHide: true,
      });
      let output = "";
      const collect = (part: Buffer): void => {
        if (output.length < MOST_OUTPUT) output += part.toString("utf8");
      };
      child.stdout.on("data", collect);
      child.stderr.on("data", collect);
      let ended: string | null = null;
      let killer: NodeJS.Timeout | null = null;
      const end = (why: string): void => {
        if (ended !== null) return;
        ended = why;
        kill(child.pid, "SIGTERM", isUnix);
        killer = setTimeout(() => kill(child.pid, "SIGKILL", isUnix), GRACE_MS);
      };
      const limit = setTimeout(
        () => end(`it did not end within ${Math.round(timeLimitMs / 1000)} s`),
        timeLimitMs,
      );
      const onStop = (): void => end("shoal was stopped");
      this.#stop.signal.addEventListener("abort", onStop, { once: true });
      const done = (problem: string | null): void => {
        clearTimeout(limit);
        if (killer !== null) clearTimeout(killer);
        this.#stop.signal.removeEventListener("abort", onStop);
        const said = output.slice(0, MOST_OUTPUT).trimEnd();
        log.info("the program for finished downloads has run", { id: finished.id, problem, said });
        resolve(problem === null ? null : `${program} failed for ${finished.name}: ${problem}`);
      };
      child.once("error", ({ message }) => done(message));
      child.once("close", (code, signal) => {
        // Who was asked to end may have been ready.
        if (code === 0) done(null);
        else done(ended ?? (code === null ? `ended by ${signal}` : `exit code ${code}`));
      });
    });
  }
}

function variables({ id, name, dir, hash, labels, size }: Finished): Record<string, string> {
  return {
    SHOAL_ID: String(id),
    SHOAL_NAME: withoutNul(name),
    SHOAL_DIR: withoutNul(dir),
    SHOAL_HASH: hash,
    SHOAL_LABELS: withoutNul(labels.join(",")),
    SHOAL_SIZE: String(size),
  };
}

/** The environment can't hold one. */
function withoutNul(text: string): string {
  return text.replaceAll("\0", "");
}

function kill(pid: number | undefined, signal: NodeJS.Signals, group: boolean): void {
  if (pid === undefined) return;
  try {
    process.kill(group ? -pid : pid, signal);
  } catch {
    // It has ended.
  }
}
