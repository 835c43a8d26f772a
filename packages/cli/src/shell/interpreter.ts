import type { Context, StopReason } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { splitLine } from "./split-line.ts";

/** Words that the shell itself understands. */
export const SHELL_WORDS = ["exit", "quit", "set"] as const;

/** What came of a line. */
export interface Outcome {
  readonly code: number;
  /** The shell ends; with "stop" the daemon, too. */
  readonly leave: false | "stay" | "stop";
}

/** Runs lines as commands. */
export class Interpreter {
  readonly #context: Context;
  readonly #run: (argv: readonly string[], context: Context) => Promise<number>;
  #running: AbortController | null = null;
  /** `set -k`: a script goes on after a command that failed. */
  keepsGoing = false;

  /** `run`: what runs a command line and returns its exit code. */
  constructor(context: Context, run: (argv: readonly string[], context: Context) => Promise<number>) {
    this.#context = context;
    this.#run = run;
  }

  /** Ends the command that runs. False when none does. */
  interrupt(reason: StopReason): boolean {
    this.#running?.abort(reason);
    return this.#running !== null;
  }

  async interpret(line: string): Promise<Outcome> {
    const { words, quote } = splitLine(line);
    if (quote !== null) return this.#refuse(`A ${quote} is not closed.`);
    // Whoever copies a line from somewhere else brings the word along.
    const argv = words[0] === "shoal" && words.length > 1 ? words.slice(1) : words;
    const [first, ...rest] = argv;
    switch (first) {
      case undefined:
        return { code: 0, leave: false };
      case "exit":
      case "quit":
        if (rest.some((word) => word !== "--stop"))
          return this.#refuse("exit takes --stop and nothing else.");
        return { code: 0, leave: rest.length > 0 ? "stop" : "stay" };
      case "set":
        return this.#set(rest);
      case "shell":
        return this.#refuse("This is the shell already.");
      default:
        return { code: await this.#command(argv), leave: false };
    }
  }

  /** Ends the daemon. Returns the exit code. */
  stopDaemon(): Promise<number> {
    return this.#command(["daemon", "stop"]);
  }

  #set(words: readonly string[]): Outcome {
    if (words.length !== 1 || (words[0] !== "-k" && words[0] !== "+k"))
      return this.#refuse("set takes -k (go on after an error) or +k (end at the first).");
    this.keepsGoing = words[0] === "-k";
    return { code: 0, leave: false };
  }

  async #command(argv: readonly string[]): Promise<number> {
    const controller = new AbortController();
    this.#running = controller;
    const signal = AbortSignal.any([this.#context.signal, controller.signal]);
    try {
      return await this.#run(argv, { ...this.#context, signal, stop: (reason) => controller.abort(reason) });
    } finally {
      this.#running = null;
    }
  }

  #refuse(message: string): Outcome {
    this.#context.stderr.write(`${message}\n`);
    return { code: EXIT_CODES.usage.code, leave: false };
  }
}
