import type { FilePriority } from "@shoal/engine";
import type { ArgumentReader } from "./arguments.ts";

const PRIORITIES = { "priority-low": 1, "priority-normal": 4, "priority-high": 7 } as const;
const SKIP: FilePriority = 0;
const NORMAL: FilePriority = 4;

export interface ChoosableFile {
  readonly index: number;
  readonly priority: FilePriority;
}

/** What `files-wanted`, `files-unwanted` and `priority-*` make of the files: only what changes. An empty list means all files. */
export function choosePriorities(
  args: ArgumentReader,
  files: readonly ChoosableFile[],
): Map<number, FilePriority> {
  const chosen = new Map<number, FilePriority>(files.map(({ index, priority }) => [index, priority]));
  const apply = (name: string, change: (now: FilePriority) => FilePriority): void => {
    const positions = args.indices(name);
    if (positions === undefined) return;
    const named = positions.length === 0 ? files : positions.flatMap((position) => files[position] ?? []);
    for (const { index } of named) chosen.set(index, change(chosen.get(index)!));
  };
  // A priority says nothing about whether a file is wanted: it holds for what is.
  const skipped = new Map<number, FilePriority>();
  for (const [name, priority] of Object.entries(PRIORITIES)) {
    const positions = args.indices(name);
    if (positions === undefined) continue;
    const named = positions.length === 0 ? files : positions.flatMap((position) => files[position] ?? []);
    for (const { index } of named) {
      if (chosen.get(index) === SKIP) skipped.set(index, priority);
      else chosen.set(index, priority);
    }
  }
  apply("files-unwanted", () => SKIP);
  apply("files-wanted", (now) => (now === SKIP ? NORMAL : now));
  for (const [index, priority] of skipped) if (chosen.get(index) !== SKIP) chosen.set(index, priority);
  for (const { index, priority } of files) if (chosen.get(index) === priority) chosen.delete(index);
  return chosen;
}

/** Whether the arguments say anything about files. */
export function choosesFiles(args: ArgumentReader): boolean {
  const names = ["files-wanted", "files-unwanted", ...Object.keys(PRIORITIES)];
  return names.some((name) => args.indices(name) !== undefined);
}
