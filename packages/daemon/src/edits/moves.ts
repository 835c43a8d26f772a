import { resolve } from "node:path";
import { type Log, ShoalError } from "@shoal/engine";
import type { MoveState } from "@shoal/schema";
import { ApiError } from "@shoal/server";
import type { NoticeBoard } from "../notices/notice-board.ts";
import type { Transfer } from "../transfer.ts";
import type { Transfers } from "../transfers.ts";

export interface MoveWish {
  /** Absolute. */
  readonly dir: string;
  readonly overwrite?: boolean;
  readonly adopt?: boolean;
}

interface Move {
  readonly dir: string;
  readonly abort: AbortController;
  doneBytes: number;
  totalBytes: number | null;
  done: Promise<void>;
}

/** Files on their way to other folders, which may take long. */
export class Moves {
  readonly #parts: { readonly transfers: Transfers; readonly board: NoticeBoard; readonly log: Log };
  readonly #underWay: Map<Transfer, Move> = new Map();
  readonly #unlisten: () => void;

  constructor(parts: { readonly transfers: Transfers; readonly board: NoticeBoard; readonly log: Log }) {
    this.#parts = parts;
    this.#unlisten = parts.transfers.on((told) => {
      if (told.type !== "torrent" || told.event.type !== "moving") return;
      const move = this.#underWay.get(told.transfer);
      if (move === undefined) return;
      move.doneBytes = told.event.doneBytes;
      move.totalBytes = told.event.totalBytes;
    });
  }

  /** How far the files of a transfer are. */
  state(transfer: Transfer): MoveState {
    const move = this.#underWay.get(transfer);
    if (move === undefined)
      return { dir: transfer.downloadDir, moving: false, doneBytes: null, totalBytes: null };
    const { dir, doneBytes, totalBytes } = move;
    return { dir, moving: true, doneBytes, totalBytes };
  }

  /**
   * Resolves when the files are there, and that is durable. Throws ApiError ERR_BUSY while they are on their way elsewhere, and what
   * `Torrent.moveTo` throws.
   */
  async move(transfer: Transfer, wish: MoveWish): Promise<void> {
    const { transfers, board } = this.#parts;
    if (this.#underWay.has(transfer))
      throw new ApiError(
        409,
        "ERR_BUSY",
        "Its files are being moved already",
        "Wait for it, or cancel that.",
      );
    const dir = resolve(wish.dir);
    const { record, torrent } = transfer;
    // They lie elsewhere until all are there, and come here then.
    if (record.finalDir !== null && wish.adopt !== true) {
      record.finalDir = dir;
      await transfers.saveNow(transfer);
      return;
    }
    const move: Move = {
      dir,
      abort: new AbortController(),
      doneBytes: 0,
      totalBytes: null,
      done: Promise.resolve(),
    };
    this.#underWay.set(transfer, move);
    move.done = this.#carry(transfer, wish, move).finally(() => this.#underWay.delete(transfer));
    try {
      await move.done;
    } catch (error) {
      if (!move.abort.signal.aborted && error instanceof ShoalError)
        board.add({
          kind: "move-failed",
          message: `${torrent.name} can't be moved to ${dir}: ${error.message}`,
          torrentId: transfer.id,
        });
      throw error;
    }
  }

  /** Everything is where it was. False when nothing is under way. */
  cancel(transfer: Transfer): boolean {
    const move = this.#underWay.get(transfer);
    move?.abort.abort(new ApiError(409, "ERR_CANCELLED", "The move was cancelled"));
    return move !== undefined;
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    this.#unlisten();
    const moves = [...this.#underWay.values()];
    for (const { abort } of moves) abort.abort(new ApiError(503, "ERR_CLOSED", "The daemon ends"));
    await Promise.allSettled(moves.map(({ done }) => done));
  }

  async #carry(
    transfer: Transfer,
    { overwrite = false, adopt = false }: MoveWish,
    move: Move,
  ): Promise<void> {
    const { transfers, log } = this.#parts;
    const { torrent, record } = transfer;
    await torrent.moveTo(move.dir, { overwrite, adopt, signal: move.abort.signal });
    if (adopt) record.finalDir = null;
    await transfers.saveNow(transfer);
    if (!adopt) return;
    torrent.recheck().catch((error: unknown) => {
      log.warn("what was adopted can't be checked", { id: transfer.id, error });
    });
  }
}
