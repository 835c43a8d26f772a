import type { GoalName, Goals, TransferLimitChanges } from "@shoal/schema";
import type { Insertable, Selectable, Updateable } from "kysely";
import { FileChoice } from "./edits/file-choice.ts";
import { NOTHING_REMEMBERED, type RemoteMemory } from "./remote-memory.ts";
import type { TorrentTable } from "./state/tables.ts";

/** What is kept of a transfer besides what the engine knows. */
export interface TransferRecord {
  readonly id: number;
  /** Hex of the primary info-hash, which may still change while only one of a hybrid's is known. */
  key: string;
  magnet: string | null;
  /** The name that its user has given to it; null: its own. */
  title: string | null;
  /** What was said of its files; null when nothing was, and they are known. */
  files: FileChoice | null;
  labels: readonly string[];
  /** By a user: what rules stop is not. */
  paused: boolean;
  /** Runs whatever the queue says. */
  forced: boolean;
  sequential: boolean;
  firstLast: boolean;
  goals: Goals;
  /** Its own; what is absent is not limited. */
  limits: TransferLimitChanges;
  remote: RemoteMemory;
  reached: GoalName | null;
  /** The user's own files: nothing is fetched. */
  readonly seedOnly: boolean;
  /** Where the files go when all of them are there; null when they lie where they belong. Absolute. */
  finalDir: string | null;
  /** It has finished, and what is due then is still to be done. */
  completing: boolean;
  sharingMs: number;
  downloadingMs: number;
  activeAt: string | null;
  readonly addedAt: string;
  finishedAt: string | null;
}

/** What a user may say of a transfer when it is added, and change later. */
export type Wishes = Pick<
  TransferRecord,
  "files" | "labels" | "paused" | "forced" | "sequential" | "firstLast" | "goals" | "limits" | "remote"
>;

/** Of who says nothing. */
export const NO_WISHES: Wishes = {
  files: null,
  labels: [],
  paused: false,
  forced: false,
  sequential: false,
  firstLast: false,
  goals: {},
  limits: {},
  remote: NOTHING_REMEMBERED,
};

type RecordFacts = Pick<TransferRecord, "key" | "magnet" | "addedAt" | "seedOnly" | "finalDir">;

export function newRecord(
  id: number,
  wishes: Wishes,
  { key, magnet, addedAt, seedOnly, finalDir }: RecordFacts,
): TransferRecord {
  const { files, labels, paused, forced, sequential, firstLast, goals, limits, remote } = wishes;
  return {
    id,
    key,
    magnet,
    title: null,
    files,
    labels,
    paused,
    forced,
    sequential,
    firstLast,
    goals,
    limits,
    remote,
    reached: null,
    seedOnly,
    finalDir,
    completing: false,
    sharingMs: 0,
    downloadingMs: 0,
    activeAt: null,
    addedAt,
    finishedAt: null,
  };
}

export function recordOf(row: Selectable<TorrentTable>): TransferRecord {
  return {
    id: row.id,
    key: row.key,
    magnet: row.magnet,
    title: row.title,
    files: row.wishes !== null ? FileChoice.parse(row.wishes) : row.row === null ? new FileChoice() : null,
    labels: JSON.parse(row.labels) as string[],
    paused: row.paused !== 0,
    forced: row.forced !== 0,
    sequential: row.sequential !== 0,
    firstLast: row.firstLast !== 0,
    goals: JSON.parse(row.goals) as Goals,
    limits: JSON.parse(row.limits) as TransferLimitChanges,
    remote: row.remote === "{}" ? NOTHING_REMEMBERED : (JSON.parse(row.remote) as RemoteMemory),
    reached: row.reached as GoalName | null,
    seedOnly: row.seedOnly !== 0,
    finalDir: row.finalDir,
    completing: row.completing !== 0,
    sharingMs: row.sharingMs,
    downloadingMs: row.downloadingMs,
    activeAt: row.activeAt,
    addedAt: row.addedAt,
    finishedAt: row.finishedAt,
  };
}

/** The columns of what may change. */
export function columnsOf(record: TransferRecord): Updateable<TorrentTable> {
  return {
    key: record.key,
    magnet: record.magnet,
    title: record.title,
    ...wishColumns(record),
    reached: record.reached,
    finalDir: record.finalDir,
    completing: Number(record.completing),
    sharingMs: Math.round(record.sharingMs),
    downloadingMs: Math.round(record.downloadingMs),
    activeAt: record.activeAt,
    finishedAt: record.finishedAt,
  };
}

type WishColumns = Exclude<keyof Wishes, "files"> | "wishes";

export function wishColumns(wishes: Wishes): Pick<Insertable<TorrentTable>, WishColumns> {
  return {
    wishes: wishes.files === null || wishes.files.isEmpty ? null : JSON.stringify(wishes.files),
    labels: JSON.stringify(wishes.labels),
    paused: Number(wishes.paused),
    forced: Number(wishes.forced),
    sequential: Number(wishes.sequential),
    firstLast: Number(wishes.firstLast),
    goals: JSON.stringify(wishes.goals),
    limits: JSON.stringify(wishes.limits),
    remote: JSON.stringify(wishes.remote),
  };
}
