import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { describeMachine, machineLine } from "./machine.ts";
import type { Options } from "./options.ts";

/** Standard output belongs to the result of --json; everything for people goes beside it then. */
let json = false;

export function startReport(options: Options): void {
  json = options.json;
  note(machineLine(describeMachine()));
}

/** A line or a table for people. */
export function note(text: string): void {
  if (json) console.error(text);
  else console.log(text);
}

/** Which benchmark rows come from, and of how many bytes. */
export interface Subject {
  readonly bench: string;
  readonly size?: number;
  readonly pieceLength?: number;
}

/** Writes all rows where --json and --out want them. */
export async function saveResults(
  options: Options,
  subject: Subject,
  rows: readonly unknown[],
): Promise<void> {
  const document = { schema: 1, ...subject, kind: options.kind, machine: describeMachine(), rows };
  if (options.json) console.log(JSON.stringify(document));
  if (options.out === null) return;
  const path = resolve(options.out);
  await mkdir(dirname(path), { recursive: true });
  // Several benchmarks may run after each other: each adds a line.
  await writeFile(path, `${JSON.stringify(document)}\n`, { flag: "a" });
}
