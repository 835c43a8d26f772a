import type { FilePriority } from "@shoal/engine";

/** What a program has set of a transfer by Transmission's RPC and has no effect now: programs are shown it again, and switch it on without naming it. */
export interface RemoteMemory {
  /** Limits that are off: bytes a second. */
  readonly down?: number;
  readonly up?: number;
  /** Goals that don't hold. */
  readonly ratio?: number;
  readonly idleMs?: number;
  /** Of bandwidth, from -1 to 1: our torrents share it evenly. */
  readonly priority?: number;
  /** Of files that are not wanted, by index. */
  readonly files?: Readonly<Record<string, FilePriority>>;
}

export const NOTHING_REMEMBERED: RemoteMemory = Object.freeze({});
