import type { AddOptions, FilePriority, VerifyLevel } from "@shoal/engine";

/** Priority of files of which nothing is said. */
const NORMAL: FilePriority = 4;

/** What is taken over from another program. */
export interface Imported {
  readonly verify: VerifyLevel;
  /** Bit 7 of byte 0 is piece 0: what it took for present; null: that is not known. */
  readonly pieces: "all" | Uint8Array | null;
  /** By file index. */
  readonly priorities: ReadonlyMap<number, FilePriority> | null;
  readonly addedAt: string | null;
  readonly finishedAt: string | null;
}

/** The same as options of the engine. */
export function importedState({ verify, pieces, priorities }: Imported): Partial<AddOptions> {
  return {
    verify,
    existing: "overwrite",
    ...(pieces === null ? {} : { claims: pieces }),
    ...(priorities === null ? {} : { select: ({ index }) => priorities.get(index) ?? NORMAL }),
  };
}
