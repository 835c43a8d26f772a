import type { Engine } from "./engine.ts";

/** Where text goes: a terminal, a pipe, or a buffer in tests. */
export interface TextSink {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** Where keys and piped input come from. */
export interface TextSource extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean | undefined;
  setRawMode?(on: boolean): unknown;
  resume?(): unknown;
  pause?(): unknown;
  on?(event: "data", listener: (chunk: Uint8Array | string) => void): unknown;
  off?(event: "data", listener: (chunk: Uint8Array | string) => void): unknown;
}

/** Why a running command is asked to end; the reason of `Context.signal`. */
export type StopReason = "interrupt" | "terminate" | "timeout";

/**
 * All that a command sees of the world: nothing in a command reads `process`. The same commands can so run in a shell or behind
 * a daemon.
 */
export interface Context {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly stdin: TextSource;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
  /** Home folder of the user, absolute. */
  readonly home: string;
  /** Aborted with a StopReason when the command is to end in good order. */
  readonly signal: AbortSignal;
  /** Tells a person something beside the result of the command; cleaned. */
  note(line: string): void;
  /** Runs another command line to its end, in a world that may differ in parts. Returns its exit code. */
  run(argv: readonly string[], context: Context): Promise<number>;
  /** Has Ctrl-C call `handler` in place of ending the command. Returns what takes that back. */
  onInterrupt(handler: () => void): () => void;
  /** Asks the command to end, as Ctrl-C does: raw-mode key handling needs it. */
  stop(reason: StopReason): void;
  /** Monotonic milliseconds. */
  now(): number;
  /** Milliseconds since 1970. */
  wallTime(): number;
  /** Loads the engine on first use. */
  engine(): Promise<Engine>;
}

/** The reason of an aborted context signal. */
export function stopReason(signal: AbortSignal): StopReason {
  const reason: unknown = signal.reason;
  return reason === "terminate" || reason === "timeout" ? reason : "interrupt";
}
