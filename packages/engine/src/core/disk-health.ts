import type { Millis } from "../base/brand.ts";
import type { ShoalError } from "../base/errors.ts";
import { type DiskTrouble, filesTroubleOf, type Space } from "./disk-trouble.ts";

/** Most tries of a write that fails for a reason that may pass, until the torrent is stopped. */
export const MAX_TRIES = 6;
const FIRST_RETRY: Millis = 1_000;
const FIRST_POLL: Millis = 2_000;
const LAST_POLL: Millis = 60_000;
/** Room beyond what is needed: the file system's own books (about 0.4 % at most), and a little for others. */
const MARGIN_BYTES = 1_048_576;
const MARGIN_SHARE = 1 / 256;

/** Reasons of the system that may pass by themselves: tried again a few times. */
const PASSING: ReadonlySet<unknown> = new Set(
  "EIO EAGAIN EBUSY EINTR ESTALE ETIMEDOUT EMFILE ENFILE ENOMEM EREMOTEIO".split(" "),
);
/** Reasons that a person, or a drive that is connected again, may remove: looked at again and again. */
const REMOVABLE: ReadonlySet<unknown> = new Set(
  "EROFS EACCES EPERM ENOENT ENOTDIR ENODEV ENXIO ENOTCONN EHOSTDOWN".split(" "),
);

/** What a failed disk operation calls for. */
type Remedy = "room" | "retry" | "look" | "person";

function remedyOf(error: ShoalError): Remedy {
  const { path, reason } = error.details;
  switch (error.code) {
    case "ERR_NO_SPACE":
      return "room";
    case "ERR_FILES_MISSING":
    case "ERR_FILE_CHANGED":
      return "look";
    case "ERR_DISK":
      if (reason === undefined) return path === undefined ? "retry" : "person";
      return PASSING.has(reason) ? "retry" : REMOVABLE.has(reason) ? "look" : "person";
    default:
      return "person";
  }
}

/** What is due: find out the free space (then `onSpace`); look whether the cause is gone (then `onLooked`); or request again. */
export type DiskAction = "measure" | "look" | "go-on";

type Phase =
  | "ok"
  /** Nothing is written until there is room. */
  | "full"
  /** Nothing is written until the next try. */
  | "retrying"
  /** Written again, carefully: it may fail once more. */
  | "trying"
  /** The torrent is stopped. */
  | "failed";

/**
 * What becomes of a torrent whose disk fails: it waits for room and goes on by itself, tries again what may pass, and stops
 * with one reason otherwise; where the cause may vanish, it is looked at until it has. Waiting times grow until a piece is
 * verified.
 */
export class DiskHealth {
  #phase: Phase = "ok";
  #error: ShoalError | null = null;
  #space: Space | null = null;
  /** Times that writing was stopped since a piece was verified. */
  #stops = 0;
  /** Doublings of the waiting time. */
  #doublings = 0;
  #at: Millis = Infinity;

  /** New data may be requested and written. */
  get mayWrite(): boolean {
    return this.#phase === "ok" || this.#phase === "trying";
  }

  /** Nothing was written since the last failure: little should be risked. */
  get isTrying(): boolean {
    return this.#phase === "trying";
  }

  get hasFailed(): boolean {
    return this.#phase === "failed";
  }

  /** The trouble is not the same one coming back. */
  get isNews(): boolean {
    return this.#stops === 1;
  }

  get error(): ShoalError | null {
    return this.#error;
  }

  /** What to tell; null while writing goes on. */
  get trouble(): DiskTrouble | null {
    const error = this.#error;
    if (error === null || this.mayWrite) return null;
    if (error.code === "ERR_NO_SPACE") return { kind: "full", space: this.#space };
    const files = filesTroubleOf(error);
    if (files !== null) return files;
    return { kind: "error", message: error.message, retrying: this.#phase === "retrying" };
  }

  /** A write, or a read of what was written, failed. "hold": stop writing; "fail": stop the torrent; null: nothing new. */
  onError(error: ShoalError, now: Millis): "hold" | "fail" | null {
    if (this.#phase === "failed") return null;
    const remedy = remedyOf(error);
    const passes = remedy === "room" || remedy === "retry";
    if (passes && !this.mayWrite) return null;
    if (!passes || (remedy === "retry" && this.#stops + 1 >= MAX_TRIES)) {
      this.onStopped(error, now);
      return "fail";
    }
    this.#stops++;
    this.#error = error;
    this.#space = null;
    this.#phase = remedy === "room" ? "full" : "retrying";
    // How much is missing is told at once.
    if (remedy === "room" && this.#stops === 1) this.#at = now;
    else this.#wait(now);
    return "hold";
  }

  /** The torrent was stopped by this error. */
  onStopped(error: ShoalError, now: Millis): void {
    if (this.#phase === "failed") return;
    this.#phase = "failed";
    this.#error = error;
    this.#space = null;
    this.#at = Infinity;
    if (remedyOf(error) === "room" || remedyOf(error) === "look") this.#wait(now);
  }

  /** Something was written. */
  onWritten(): void {
    if (this.#phase === "trying") this.#phase = "ok";
  }

  /** A piece is on disk and right: whatever was wrong is over. */
  onVerified(): void {
    if (this.#phase !== "ok") return;
    this.#stops = 0;
    this.#doublings = 0;
    this.#error = null;
  }

  /** The torrent starts again after it was stopped. */
  onRestart(): void {
    if (this.#phase === "ok") return;
    this.#phase = "trying";
    this.#at = Infinity;
  }

  nextDeadline(): Millis {
    return this.#at;
  }

  /** What is due at `now`; null when nothing is. */
  next(now: Millis): DiskAction | null {
    if (now < this.#at) return null;
    this.#at = Infinity;
    if (this.#phase === "retrying") {
      this.#phase = "trying";
      return "go-on";
    }
    return this.#error?.code === "ERR_NO_SPACE" ? "measure" : "look";
  }

  /** Null: it could not be measured. True: there is room; the torrent goes on, or is to be started again. */
  onSpace(space: Space | null, now: Millis): boolean {
    if (this.mayWrite) return false;
    this.#space = space ?? this.#space;
    const hasRoom = space !== null && space.free >= roomFor(space.needed);
    if (!hasRoom) this.#wait(now);
    else if (this.#phase === "full") this.#phase = "trying";
    return hasRoom;
  }

  /** The cause is gone: the torrent is to be started again; or it is not. */
  onLooked(isGone: boolean, now: Millis): void {
    if (!isGone && this.#phase === "failed") this.#wait(now);
  }

  #wait(now: Millis): void {
    const first = this.#phase === "retrying" ? FIRST_RETRY : FIRST_POLL;
    const pause = Math.min(LAST_POLL, first * 2 ** this.#doublings);
    this.#doublings = Math.min(this.#doublings + 1, 16);
    // Polls fall on common beats, so that torrents on one disk share them.
    this.#at = this.#phase === "retrying" ? now + pause : (Math.floor(now / pause) + 1) * pause;
  }
}

/** Free bytes with which `needed` bytes can be written. */
export function roomFor(needed: number): number {
  return needed + needed * MARGIN_SHARE + MARGIN_BYTES;
}
