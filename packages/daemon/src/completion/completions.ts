import { rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Log, ShoalError } from "@shoal/engine";
import type { NoticeBoard } from "../notices/notice-board.ts";
import type { Transfer } from "../transfer.ts";
import type { Transfers } from "../transfers.ts";
import { freeName } from "./free-name.ts";
import type { CompletionHook } from "./hook.ts";
import { exists, rootOf } from "./incomplete-place.ts";

const FIRST_RETRY_MS = 30_000;
const LAST_RETRY_MS = 3_600_000;

export interface CompletionParts {
  readonly transfers: Transfers;
  readonly hook: CompletionHook;
  readonly board: NoticeBoard;
  readonly log: Log;
}

/**
 * What is done with a download that has finished: its files go where they belong, the user's program runs, and people are told. What was not
 * done yet when the process ended is done by the next; the program runs at most once.
 */
export class Completions {
  readonly #parts: CompletionParts;
  readonly #busy: Map<Transfer, Promise<void>> = new Map();
  readonly #retries: Map<Transfer, NodeJS.Timeout> = new Map();
  readonly #unlisten: () => void;
  #closed = false;

  constructor(parts: CompletionParts) {
    this.#parts = parts;
    this.#unlisten = parts.transfers.on((event) => {
      const { type, transfer } = event;
      if (type === "finished") this.#begin(transfer, FIRST_RETRY_MS);
      if (type === "removed") this.#forget(transfer);
      // Somebody wants it to be tried now.
      if (type === "resumed" && transfer.record.completing) this.#begin(transfer, FIRST_RETRY_MS);
      if (type === "torrent" && event.event.type === "error")
        this.#onFailed(transfer, event.event.error.message);
    });
    for (const transfer of parts.transfers.list())
      if (transfer.record.completing) this.#begin(transfer, FIRST_RETRY_MS);
  }

  /** Resolves when all that was begun has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unlisten();
    for (const timer of this.#retries.values()) clearTimeout(timer);
    this.#parts.hook.close();
    await Promise.all(this.#busy.values());
  }

  #begin(transfer: Transfer, pauseMs: number): void {
    if (this.#closed || this.#busy.has(transfer)) return;
    this.#forget(transfer);
    const done = this.#complete(transfer, pauseMs)
      .catch((error: unknown) => {
        this.#parts.log.error("a finished download could not be completed", { id: transfer.id, error });
      })
      .finally(() => this.#busy.delete(transfer));
    this.#busy.set(transfer, done);
  }

  #onFailed({ torrent, id }: Transfer, why: string): void {
    this.#parts.board.add({
      kind: "failed",
      message: `${torrent.name} has stopped: ${why}`,
      torrentId: id,
    });
  }

  #forget(transfer: Transfer): void {
    clearTimeout(this.#retries.get(transfer));
    this.#retries.delete(transfer);
  }

  async #complete(transfer: Transfer, pauseMs: number): Promise<void> {
    const { transfers, board, hook } = this.#parts;
    await transfers.save();
    if (!(await this.#place(transfer, pauseMs))) return;
    if (!(await hook.turn())) return;
    // Before it runs: should the process die meanwhile, it is not run again.
    transfer.record.completing = false;
    await transfers.saveNow(transfer);
    const { torrent, id } = transfer;
    board.add({ kind: "finished", message: `${torrent.name} has finished`, torrentId: id });
    const problem = await hook.run({
      id,
      name: torrent.name,
      dir: torrent.downloadDir,
      hash: transfer.hash,
      labels: transfer.record.labels,
      size: torrent.stats().wanted,
    });
    if (problem !== null) board.add({ kind: "hook-failed", message: problem, torrentId: id });
  }

  /** Moves the files where they belong; false when that has to be tried again. */
  async #place(transfer: Transfer, pauseMs: number): Promise<boolean> {
    const { transfers, board } = this.#parts;
    const { record, torrent, id } = transfer;
    const target = record.finalDir;
    if (target === null) return true;
    const from = torrent.downloadDir;
    try {
      if (from !== target) await moveWithFreeName(transfer, target);
    } catch (error) {
      if (this.#closed || !(error instanceof ShoalError)) {
        if (this.#closed) return false;
        throw error;
      }
      const message = `${torrent.name} is complete, but can't be moved to ${target}: ${error.message}; trying again`;
      board.add({ kind: "move-failed", message, torrentId: id });
      const timer = setTimeout(() => this.#begin(transfer, Math.min(pauseMs * 2, LAST_RETRY_MS)), pauseMs);
      this.#retries.set(transfer, timer);
      return false;
    }
    record.finalDir = null;
    await transfers.saveNow(transfer);
    // A folder of its own in the one for incomplete downloads is of no use any more.
    if (/^[0-9a-f]{16}$/.test(from.slice(dirname(from).length + 1))) await rmdir(from).catch(() => {});
    return true;
  }
}

/** What is there under the same name stays as it is. */
async function moveWithFreeName({ torrent }: Transfer, target: string): Promise<void> {
  const files = await torrent.files();
  const root = rootOf(files.map(({ path }) => path));
  const isFolder = files.some(({ path }) => path.includes("/"));
  const isTaken = async (name: string): Promise<boolean> =>
    (await exists(join(target, name))) || (name !== root && (await exists(join(torrent.downloadDir, name))));
  const free = await freeName(root, isFolder, isTaken);
  if (free !== root) await torrent.renameRoot(free);
  await torrent.moveTo(target);
}
