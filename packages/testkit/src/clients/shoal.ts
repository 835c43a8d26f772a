import { join } from "node:path";
import { runToEnd } from "../child.ts";
import type { Child, ChildExit } from "../child.ts";
import { repoRoot } from "../paths.ts";
import type { Stage } from "../stage.ts";

/** One line of `--json` output. Fields other than `event` depend on it. */
export interface ShoalEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface ShoalListening extends ShoalEvent {
  readonly event: "listening";
  readonly port: number;
}

/** Our own program, as a user starts it, with private state and home folders and nothing leaving the machine. */
export class Shoal {
  readonly child: Child;
  /** Address it was told to use with `--host`. */
  readonly host: string;
  readonly events: ShoalEvent[] = [];
  readonly #waiting: Set<() => void> = new Set();

  private constructor(child: Child, host: string) {
    this.child = child;
    this.host = host;
    child.onLine((line, from) => {
      if (from === "stdout" && line.startsWith("{")) {
        this.events.push(JSON.parse(line) as ShoalEvent);
        for (const look of this.#waiting) look();
      }
    });
    void child.exited.then(() => {
      for (const look of this.#waiting) look();
    });
  }

  /**
   * Starts `shoal …args --json`. `state` is the folder for what it remembers between runs; give the same one to a
   * second run that is to continue the first.
   */
  static start(
    stage: Stage,
    args: readonly string[],
    state: string,
    env: Record<string, string> = {},
  ): Shoal {
    const child = stage.spawn({
      name: `shoal ${args[0] ?? ""}`,
      command: process.execPath,
      args: [shoalProgram(), ...args, "--json"],
      env: { ...shoalEnv(state), ...env },
      cwd: state,
    });
    child.endInput();
    const host = args[args.indexOf("--host") + 1];
    return new Shoal(child, args.includes("--host") && host !== undefined ? host : stage.host);
  }

  /** `shoal send …`; settles when it listens and has checked its data. */
  static async send(
    stage: Stage,
    args: readonly string[],
    state: string = stage.folder("state"),
  ): Promise<Shoal & { port: number }> {
    const shoal = Shoal.start(stage, ["send", ...withDefaults(stage, args)], state);
    const { port } = await shoal.listening();
    return Object.assign(shoal, { port });
  }

  /** `shoal get …`; settles at once. */
  static get(stage: Stage, args: readonly string[], state: string = stage.folder("state")): Shoal {
    return Shoal.start(stage, ["get", ...withDefaults(stage, args)], state);
  }

  listening(within: number = 20_000): Promise<ShoalListening> {
    return this.waitFor("listening", within) as Promise<ShoalListening>;
  }

  /** The whole payload is verified and on disk. */
  complete(within: number = 45_000): Promise<ShoalEvent> {
    return this.waitFor("complete", within);
  }

  /**
   * Settles with the first event, past ones included, that has this name (and passes the test). Rejects at the
   * deadline, when an `error` event comes first, and when the program ends before.
   */
  waitFor(
    name: string,
    within: number = 45_000,
    test: (event: ShoalEvent) => boolean = () => true,
  ): Promise<ShoalEvent> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      const fail = (why: string): void => {
        finish();
        reject(new Error(`${this.child.name}: no "${name}" event: ${why}\n${this.child.log}`));
      };
      const timer = setTimeout(() => fail(`not within ${within} ms`), within);
      const look = (): void => {
        for (const event of this.events) {
          if (event.event === name && test(event)) {
            finish();
            resolve(event);
            return;
          }
          if (event.event === "error" && name !== "error") {
            fail(JSON.stringify(event));
            return;
          }
        }
        if (this.child.exit !== null) fail(`it ended with ${this.child.exit.signal ?? this.child.exit.code}`);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Waits for the program's own end and compares its exit code. */
  async endsWith(code: number, within: number = 10_000): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => (timer = setTimeout(resolve, within, null)));
    const exit = await Promise.race([this.child.exited, late]);
    clearTimeout(timer);
    if (exit?.code === code) return;
    const how = exit === null ? `still runs after ${within} ms` : `ended with ${exit.signal ?? exit.code}`;
    throw new Error(`${this.child.name} ${how}, not ${code}\n${this.child.log}`);
  }

  /** kill -9. */
  kill(): Promise<ChildExit> {
    return this.child.kill();
  }

  /** Ctrl-C. */
  interrupt(): Promise<ChildExit> {
    return this.child.stop(10_000, "SIGINT");
  }
}

/** Runs a `shoal` command that ends by itself; throws unless it ends with 0. Returns stdout. */
export function runShoal(args: readonly string[], state: string): Promise<string> {
  return runToEnd({
    name: `shoal ${args[0] ?? ""}`,
    command: process.execPath,
    args: [shoalProgram(), ...args],
    env: shoalEnv(state),
    cwd: state,
  });
}

/** Binds to the stage's own address and a port of the system's choice, and looks for nobody, unless told otherwise. */
function withDefaults(stage: Stage, args: readonly string[]): string[] {
  const words = [...args];
  if (!args.includes("--host")) words.push("--host", stage.host);
  if (!args.includes("--port")) words.push("--port", "0");
  if (!args.includes("--no-discovery")) words.push("--no-discovery");
  return words;
}

/** Our command line as built in this checkout; `SHOAL_PROGRAM` names another one to be put to the test. */
export function shoalProgram(): string {
  return process.env["SHOAL_PROGRAM"] ?? join(repoRoot(), "packages", "cli", "bin", "shoal.js");
}

export function shoalEnv(state: string): Record<string, string> {
  return {
    SHOAL_OFFLINE: "1",
    SHOAL_NO_START: "1",
    SHOAL_STATE_DIR: join(state, "shoal"),
    HOME: state,
    XDG_CONFIG_HOME: join(state, "config"),
    XDG_STATE_HOME: join(state, "state"),
    XDG_DATA_HOME: join(state, "data"),
    XDG_CACHE_HOME: join(state, "cache"),
    XDG_RUNTIME_DIR: join(state, "run"),
    NO_COLOR: "1",
  };
}
