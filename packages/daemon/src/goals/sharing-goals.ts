import type { Goals } from "@shoal/schema";
import type { Labels } from "../labels/labels.ts";
import type { Notices } from "../live/notices.ts";
import type { Settings } from "../settings/settings.ts";
import type { Transfer } from "../transfer.ts";
import type { Transfers } from "../transfers.ts";
import { explainGoal, nextLook, reachedGoal, resolveGoals, type SharingFacts } from "./goal-policy.ts";
import { SharingTimes } from "./sharing-times.ts";

/** How often it is looked what has moved; goals are reached so much late at most. */
const LOOK_EVERY_MS = 5_000;
/** Times are written so often of those of which nothing else is. */
const KEEP_EVERY_MS = 5 * 60_000;
const KEYS = ["downloads.share", "sharing.ratio", "sharing.time", "sharing.idleTime"] as const;

export interface GoalParts {
  readonly transfers: Transfers;
  readonly labels: Labels;
  readonly settings: Settings;
  readonly notices: Notices;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Stops sharing what was shared enough, and goes on when a goal is raised. */
export class SharingGoals {
  readonly #parts: GoalParts;
  readonly #times: SharingTimes;
  /** When a goal may be reached though nothing is given; milliseconds since 1970. */
  readonly #dueAt: Map<Transfer, number> = new Map();
  readonly #unlisten: (() => void)[];
  readonly #timer: NodeJS.Timeout;
  #keptAt: number;

  constructor(parts: GoalParts) {
    this.#parts = parts;
    this.#keptAt = parts.now();
    this.#times = new SharingTimes(parts.now);
    const { transfers, labels, settings } = parts;
    for (const transfer of transfers.list()) {
      this.#times.onState(transfer);
      this.#decide(transfer);
    }
    this.#unlisten = [
      transfers.on((event) => {
        const { transfer, type } = event;
        if (type === "removed") this.#forget(transfer);
        else if (type === "added" || type === "changed") this.#onState(transfer);
        else if (type === "torrent" && event.event.type === "state") this.#onState(transfer);
      }),
      labels.on(() => this.#decideAll()),
      settings.on(KEYS, () => this.#decideAll()),
    ];
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  /** Looks what has moved, and what time has passed. */
  look(): void {
    const now = this.#parts.now();
    const keeps = now - this.#keptAt >= KEEP_EVERY_MS;
    if (keeps) this.#keptAt = now;
    for (const transfer of [...this.#times.running()]) {
      const moved = !transfer.torrent.isAtRest && this.#times.look(transfer);
      if (keeps) this.#times.count(transfer);
      if (keeps || moved) this.#parts.transfers.touch(transfer);
      if (moved || now >= (this.#dueAt.get(transfer) ?? 0)) this.#decide(transfer);
    }
  }

  /** Before the last save. */
  close(): void {
    clearInterval(this.#timer);
    for (const end of this.#unlisten) end();
    for (const transfer of this.#times.running()) this.#times.count(transfer);
  }

  #onState(transfer: Transfer): void {
    this.#times.onState(transfer);
    this.#decide(transfer);
  }

  #forget(transfer: Transfer): void {
    this.#times.forget(transfer);
    this.#dueAt.delete(transfer);
  }

  #decideAll(): void {
    for (const transfer of this.#parts.transfers.list()) this.#decide(transfer);
  }

  #decide(transfer: Transfer): void {
    const { record } = transfer;
    const { transfers, labels, notices, now } = this.#parts;
    const isSharing = this.#times.isSharing(transfer);
    if (!isSharing && record.reached === null) return;
    this.#times.count(transfer);
    const facts: SharingFacts = {
      ratio: transfer.ratio,
      sharingMs: record.sharingMs,
      // Nobody could want anything of it while it rests.
      idleMs: isSharing ? this.#times.idleMs(transfer) : record.reached === "idle" ? Infinity : 0,
    };
    const own = labels.namedBy(record.labels);
    const goals = resolveGoals(record.goals, own, record.seedOnly ? null : this.#settings());
    const reached = reachedGoal(facts, goals);
    if (reached === null) {
      this.#dueAt.set(transfer, now() + nextLook(facts, goals));
      if (record.reached === null) return;
      record.reached = null;
      transfers.release(transfer, "goal");
      return;
    }
    const rule = explainGoal(reached, goals[reached]!);
    // Who did not want it to be shared at all need not be told.
    const isWish = reached === "ratio" && goals.ratio?.limit === 0;
    if (record.reached === null && !isWish)
      notices.tell("paused", `${transfer.name} was shared enough: ${rule}`, {
        torrent: transfer.id,
        code: "paused-rule",
      });
    record.reached = reached;
    void transfers.hold(transfer, "goal", { code: "paused-rule", rule });
  }

  #settings(): Required<Goals> {
    const { settings } = this.#parts;
    return {
      // Who does not want to go on has shared enough at once.
      ratio: settings.get("downloads.share") ? settings.get("sharing.ratio") : 0,
      timeMs: settings.get("sharing.time"),
      idleMs: settings.get("sharing.idleTime"),
    };
  }
}
