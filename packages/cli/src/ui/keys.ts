import type { Context } from "../context.ts";

const NAMED: Readonly<Record<string, string>> = { "\u001b[A": "up", "\u001b[B": "down" };

/**
 * Calls `onKey` for each key pressed until the returned function is called. The terminal is in raw mode meanwhile, so Ctrl-C
 * comes as a key: it asks the command to end, as the signal does.
 */
export function listenForKeys(context: Context, onKey: (key: string) => void): () => void {
  const { stdin } = context;
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) return () => undefined;
  const onData = (chunk: Uint8Array | string): void => {
    const keys = typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
    // What a key with a name sends is one key, whatever letters are in it.
    for (const [key] of keys.matchAll(/\u001b\[[\d;]*[A-Za-z~]|\u001bO[A-Za-z]|[^]/gu)) {
      if (key === "\u0003" || key === "\u0004") context.stop("interrupt");
      else onKey(NAMED[key.replace("\u001bO", "\u001b[")] ?? key.toLowerCase());
    }
  };
  stdin.setRawMode(true);
  stdin.on?.("data", onData);
  stdin.resume?.();
  return () => {
    stdin.off?.("data", onData);
    stdin.setRawMode?.(false);
    stdin.pause?.();
  };
}
