import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";
import { clean } from "../ui/clean.ts";

/** The program that this is. */
export const PROGRAM: string = fileURLToPath(new URL("../../bin/shoal.js", import.meta.url));

/** Where a daemon can be reached. */
export interface Listening {
  readonly ui: string;
  readonly peers: { readonly host: string; readonly port: number };
}

/** A `shoal daemon run` that ends with this command. */
export class DaemonProcess {
  /** Rejects when it ends before. */
  readonly listening: Promise<Listening>;
  /** Never resolves; rejects when it ends without having been stopped. */
  readonly failed: Promise<never>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #isStopped = false;

  constructor(context: Context, flags: readonly string[]) {
    const child = spawn(process.execPath, [PROGRAM, "daemon", "run", "--json", ...flags], {
      cwd: context.cwd,
      env: { ...context.env },
      // Of its own, so that Ctrl-C reaches it by us alone.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    let words = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (words = (words + text).slice(-2_000)));
    const ended = new Promise<void>((resolve) => {
      child.once("close", () => resolve());
      child.once("error", (error) => {
        words = error.message;
        resolve();
      });
    });
    this.#ended = ended;
    this.failed = ended.then(() => {
      if (this.#isStopped) return new Promise<never>(() => undefined);
      throw new CliError("ERR_DAEMON", clean(words.trim().split("\n").at(-1) ?? "The daemon ended"));
    });
    this.failed.catch(() => undefined);
    const first = new Promise<Listening>((resolve) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const said = JSON.parse(line) as { event?: string } & Listening;
        if (said.event === "listening") resolve(said);
      });
    });
    this.listening = Promise.race([first, this.failed]);
  }

  /** Ends it in good order. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#child.kill("SIGTERM");
    await this.#ended;
  }
}
