import type { FilePriority, Torrent } from "@shoal/engine";
import type { ArgumentReader } from "./arguments.ts";

const PRIORITIES = { "priority-low": 1, "priority-normal": 4, "priority-high": 7 } as const;
const NAMES = ["files-wanted", "files-unwanted", ...Object.keys(PRIORITIES)];
/** Of which something can be said before they are known. */
const MOST_FILES = 100_000;
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

/** The same for a torrent. While its files are not known, those that are named are taken for wanted. */
export async function chosenPriorities(
  args: ArgumentReader,
  torrent: Pick<Torrent, "row" | "files">,
): Promise<Map<number, FilePriority>> {
  if (torrent.row() !== null) return choosePriorities(args, await torrent.files());
  const named = NAMES.flatMap((name) => args.indices(name) ?? []);
  const count = Math.min(
    MOST_FILES,
    named.reduce((most, index) => Math.max(most, index + 1), 0),
  );
  return choosePriorities(
    args,
    Array.from({ length: count }, (_, index) => ({ index, priority: NORMAL })),
  );
}

/** Whether the arguments say anything about files. */
export function choosesFiles(args: ArgumentReader): boolean {
  return NAMES.some((name) => args.indices(name) !== undefined);
}
