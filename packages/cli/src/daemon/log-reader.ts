import { open, readFile, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

/** Older files that a log may have: `daemon.log.1` is the youngest of them. */
const OLDER = 2;
const LOOK_EVERY_MS = 250;
const READ_BYTES = 65_536;

/** The last `count` lines of a log, the oldest first; none where there is no log. */
export async function lastLines(path: string, count: number): Promise<string[]> {
  let lines: string[] = [];
  for (let age = 0; age <= OLDER && lines.length < count; age++) {
    const text = await readFile(age === 0 ? path : `${path}.${age}`, "utf8").catch(() => "");
    lines = [...text.split("\n").filter((line) => line !== ""), ...lines];
  }
  return count === 0 ? [] : lines.slice(-count);
}

/** Calls `onLine` for each line that is added from now on, also when the log begins a new file, until the signal says otherwise. */
export async function followLines(
  path: string,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<void> {
  let { ino, size: at } = await look(path);
  let rest = Buffer.alloc(0);
  while (!signal.aborted) {
    const now = await look(path);
    if (now.ino !== ino || now.size < at) {
      ino = now.ino;
      at = 0;
    }
    while (at < now.size) {
      const part = await readAt(path, at);
      if (part.length === 0) break;
      at += part.length;
      rest = Buffer.concat([rest, part]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        onLine(rest.toString("utf8", 0, end));
        rest = rest.subarray(end + 1);
      }
    }
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function look(path: string): Promise<{ readonly ino: number; readonly size: number }> {
  return stat(path).catch(() => ({ ino: 0, size: 0 }));
}

async function readAt(path: string, at: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, at);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
