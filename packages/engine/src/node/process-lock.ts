import { closeSync, openSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ShoalError } from "../base/errors.ts";
import { errnoOf } from "./disk-fault.ts";
import { isAlive, ownIdentity, ownBootId } from "./process-identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";

const ATTEMPTS = 6;

/**
 * A lock that a killed process can't leave behind for good and that two live ones can't both hold.
 *
 * Each process puts up a claim: an empty file whose name says who it is (`<name>.<boot>-<pid>-<started>.lock`). Then it looks
 * for other claims. Claims of processes that have ended are deleted, which is safe because nobody else ever has that
 * name. If a live claim is left, it takes its own away and fails: of two processes the later to look sees both claims.
 * When two arrive together both may withdraw, so each tries again after a random pause.
 */
export class ProcessLock {
  readonly #folder: string;
  readonly #name: string;

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  /** `what`: for people, who has it. Throws ERR_LOCKED (`details.pid`) when a live process holds the lock, this one included. */
  static async acquire(folder: string, name: string, what = "the torrent"): Promise<ProcessLock> {
    const own = claimName(name, ownIdentity());
    const path = join(folder, own);
    for (let attempt = 1; ; attempt++) {
      if (!putUp(path)) throw lockedError(name, what, process.pid);
      const rival = findRival(folder, name, own);
      if (rival === null) return new ProcessLock(folder, name);
      unlinkSync(path);
      if (attempt === ATTEMPTS) throw lockedError(name, what, rival);
      await delay(5 + Math.random() * 10 * attempt);
    }
  }

  release(): void {
    removeIfThere(join(this.#folder, claimName(this.#name, ownIdentity())));
  }
}

/** False when this very process has a claim already. */
function putUp(path: string): boolean {
  try {
    closeSync(openSync(path, "wx", 0o600));
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Process id of a live claimant other than `own`, or null. Deletes the claims of the dead. */
function findRival(folder: string, name: string, own: string): number | null {
  const boot = bootPart();
  for (const file of readdirSync(folder)) {
    if (file === own || !file.startsWith(`${name}.`)) continue;
    const match = /\.([0-9a-z]+)-(\d+)-(\d+)\.lock$/.exec(file);
    if (match === null) continue;
    const [, otherBoot, pid, started] = match as unknown as [string, string, string, string];
    if (otherBoot === boot && isAlive({ pid: Number(pid), started })) return Number(pid);
    removeIfThere(join(folder, file));
  }
  return null;
}

function claimName(name: string, { pid, started }: ProcessIdentity): string {
  return `${name}.${bootPart()}-${pid}-${started}.lock`;
}

function bootPart(): string {
  return ownBootId()
    .replace(/[^0-9a-z]/g, "")
    .slice(0, 16);
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

function lockedError(name: string, what: string, pid: number): ShoalError {
  const who = pid === process.pid ? "this process" : `process ${pid}`;
  return new ShoalError("ERR_LOCKED", `${what} is already open in ${who}`, { pid, name });
}
