import type { GlobalOptions } from "../dist/commands/option.js";
import type { Context, TextSink } from "../dist/context.js";
import { Output } from "../dist/ui/output.js";

/** Text as it was written. */
export class TextBuffer implements TextSink {
  readonly isTTY: boolean;
  text = "";

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(text: string | Uint8Array): boolean {
    this.text += typeof text === "string" ? text : new TextDecoder().decode(text);
    return true;
  }
}

const OPTIONS: GlobalOptions = {
  json: false,
  jsonFields: null,
  quiet: false,
  verbose: 0,
  yes: false,
  noInput: false,
  timeout: null,
  color: "never",
  daemon: null,
  tokenFile: null,
  profile: null,
  config: null,
  noStart: false,
};

/** The part of a context that an output uses. */
export function fakeContext(
  stdout: TextSink,
  stderr: TextSink,
  env: Readonly<Record<string, string>> = {},
): Context {
  return { stdout, stderr, env, now: () => 0, wallTime: () => 0 } as Partial<Context> as Context;
}

export function fakeOptions(changes: Partial<GlobalOptions> = {}): GlobalOptions {
  return { ...OPTIONS, ...changes };
}

/** An output into pipes. */
export function fakeOutput(): { output: Output; stdout: TextBuffer; stderr: TextBuffer } {
  const stdout = new TextBuffer();
  const stderr = new TextBuffer();
  return { output: new Output(fakeContext(stdout, stderr), fakeOptions()), stdout, stderr };
}
