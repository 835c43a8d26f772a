import type { FilePriority, Torrent } from "@shoal/engine";
import type { RemoteMemory } from "../remote-memory.ts";
import type { ArgumentReader } from "./arguments.ts";
import { RpcError } from "./rpc-error.ts";

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

type Levels = NonNullable<RemoteMemory["files"]>;

export interface ChosenFiles {
  /** Only what changes. */
  readonly priorities: Map<number, FilePriority>;
  /** Of files that are not wanted, for when they are. */
  readonly remembered: Levels;
}

/** What `files-wanted`, `files-unwanted` and `priority-*` make of the files. An empty list means all files. Throws RpcError for one that is not there. */
export function choosePriorities(
  args: ArgumentReader,
  files: readonly ChoosableFile[],
  before: Levels,
): ChosenFiles {
  const named = (name: string): readonly ChoosableFile[] => {
    const positions = args.indices(name);
    if (positions === undefined) return [];
    if (positions.some((position) => position >= files.length)) throw new RpcError("file index out of range");
    return positions.length === 0 ? files : positions.map((position) => files[position]!);
  };
  const wanted = new Set(files.flatMap(({ index, priority }) => (priority === SKIP ? [] : [index])));
  for (const { index } of named("files-unwanted")) wanted.delete(index);
  for (const { index } of named("files-wanted")) wanted.add(index);
  // A priority says nothing about whether a file is wanted.
  const levels = new Map(
    files.map(({ index, priority }) => [index, priority === SKIP ? (before[index] ?? NORMAL) : priority]),
  );
  for (const [name, level] of Object.entries(PRIORITIES))
    for (const { index } of named(name)) levels.set(index, level);
  const priorities = new Map<number, FilePriority>();
  const remembered: Record<string, FilePriority> = { ...before };
  for (const { index, priority } of files) {
    const level = levels.get(index)!;
    const chosen = wanted.has(index) ? level : SKIP;
    if (chosen !== priority) priorities.set(index, chosen);
    if (chosen === SKIP && level !== NORMAL) remembered[index] = level;
    else delete remembered[index];
  }
  return { priorities, remembered };
}

/** The same for a torrent. While its files are not known, those that are named are taken for wanted. */
export async function chosenPriorities(
  args: ArgumentReader,
  torrent: Pick<Torrent, "row" | "files">,
  before: Levels = {},
): Promise<ChosenFiles> {
  if (torrent.row() !== null) return choosePriorities(args, await torrent.files(), before);
  const named = NAMES.flatMap((name) => args.indices(name) ?? []);
  const count = Math.min(
    MOST_FILES,
    named.reduce((most, index) => Math.max(most, index + 1), 0),
  );
  return choosePriorities(
    args,
    Array.from({ length: count }, (_, index) => ({ index, priority: NORMAL })),
    before,
  );
}

/** Whether the arguments say anything about files. */
export function choosesFiles(args: ArgumentReader): boolean {
  return NAMES.some((name) => args.indices(name) !== undefined);
}
