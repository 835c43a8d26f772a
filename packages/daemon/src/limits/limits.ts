import type { Session, SpeedLimits } from "@shoal/engine";
import { type LimitChanges, type Limits as LimitsView, SCHEMA_VERSION } from "@shoal/schema";
import { parseWeekSpan, type WeekSpan } from "@shoal/schema/settings";
import type { Database } from "@shoal/server";
import type { Settings } from "../settings/settings.ts";
import type { Tables } from "../state/tables.ts";
import { type Click, slowModeAt } from "./slow-mode.ts";

/** The clock may be set, and the computer may sleep: so often it is looked whether the schedule says something new. */
const LOOK_EVERY_MS = 30_000;
const SLOW_MODE = "slow-mode";

interface LimitsParts {
  readonly session: Session;
  readonly database: Database<Tables>;
  readonly settings: Settings;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Speed limits of the node: those of every day, or those of slow mode, by hand or by the clock. */
export class Limits {
  readonly #parts: LimitsParts;
  readonly #unwatch: () => void;
  #click: Click | null;
  #schedule: readonly WeekSpan[] = [];
  #isSlow = false;
  #timer: NodeJS.Timeout | null = null;

  private constructor(parts: LimitsParts, click: Click | null) {
    this.#parts = parts;
    this.#click = click;
    const { settings, session } = parts;
    const speeds = ["limits.down", "limits.up", "limits.slow.down", "limits.slow.up"] as const;
    const unwatchSpeeds = settings.on([...speeds, "limits.schedule"], () => this.#onSettings());
    const numbers = [
      "network.connections",
      "network.connectionsPerTorrent",
      "network.uploadSlots",
      "network.requestDepth",
    ] as const;
    const unwatchNumbers = settings.on(numbers, () =>
      session.limits.setSettings({
        maxConnections: settings.get("network.connections"),
        maxConnectionsPerTorrent: settings.get("network.connectionsPerTorrent"),
        uploadSlots: settings.get("network.uploadSlots"),
        maxOutstandingRequests: settings.get("network.requestDepth"),
      }),
    );
    this.#unwatch = () => {
      unwatchSpeeds();
      unwatchNumbers();
    };
    this.#onSettings();
  }

  /** With slow mode as an earlier run left it. */
  static async open(parts: LimitsParts): Promise<Limits> {
    const row = await parts.database.query
      .selectFrom("switches")
      .selectAll()
      .where("name", "=", SLOW_MODE)
      .executeTakeFirst();
    return new Limits(parts, row === undefined ? null : { on: row.on !== 0, at: row.at });
  }

  view(): LimitsView {
    const { settings } = this.#parts;
    const { on, by, until } = slowModeAt(this.#parts.now(), this.#schedule, this.#click);
    const normal = { down: rateOf(settings.get("limits.down")), up: rateOf(settings.get("limits.up")) };
    const slow = {
      down: rateOf(settings.get("limits.slow.down")),
      up: rateOf(settings.get("limits.slow.up")),
    };
    return {
      schema: SCHEMA_VERSION,
      ...(on ? slower(normal, slow) : normal),
      normal,
      slow: { on, by, until: until === null ? null : new Date(until).toISOString(), ...slow },
      schedule: [...settings.get("limits.schedule")],
    };
  }

  /** Slow mode is on, as far as was looked last. */
  get isSlow(): boolean {
    return this.#isSlow;
  }

  /** Switches slow mode, until the schedule says something new. Without `on` the other way round. Durable when it resolves. */
  async setSlow(on: boolean = !this.view().slow.on): Promise<void> {
    const click = { on, at: this.#parts.now() };
    const row = { on: Number(on), at: click.at };
    await this.#parts.database.query
      .insertInto("switches")
      .values({ name: SLOW_MODE, ...row })
      .onConflict((conflict) => conflict.column("name").doUpdateSet(row))
      .execute();
    this.#click = click;
    this.#apply();
  }

  /** Writes them into the configuration file. Throws ConfigError. */
  async change({ down, up, slow = {}, schedule }: LimitChanges): Promise<void> {
    await this.#parts.settings.set({
      ...(down === undefined ? {} : { "limits.down": down }),
      ...(up === undefined ? {} : { "limits.up": up }),
      ...(slow.down === undefined ? {} : { "limits.slow.down": slow.down }),
      ...(slow.up === undefined ? {} : { "limits.slow.up": slow.up }),
      ...(schedule === undefined ? {} : { "limits.schedule": schedule }),
    });
  }

  close(): void {
    this.#unwatch();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #onSettings(): void {
    this.#schedule = this.#parts.settings.get("limits.schedule").map(parseWeekSpan);
    this.#apply();
  }

  #apply(): void {
    const { down, up, slow } = this.view();
    this.#isSlow = slow.on;
    this.#parts.session.limits.setSpeeds({ down, up });
    this.#wait(slow.until === null ? null : Date.parse(slow.until));
  }

  #wait(until: number | null): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (until === null) return;
    const delay = Math.min(LOOK_EVERY_MS, Math.max(0, until - this.#parts.now()));
    this.#timer = setTimeout(() => this.#apply(), delay);
    this.#timer.unref();
  }
}

/** 0 is written by people who mean none. */
function rateOf(rate: number | null): number | null {
  return rate === 0 ? null : rate;
}

/** Slow mode never makes anything faster. */
function slower(a: SpeedLimits, b: SpeedLimits): SpeedLimits {
  return { down: lower(a.down, b.down), up: lower(a.up, b.up) };
}

function lower(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
