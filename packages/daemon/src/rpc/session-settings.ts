import type { SettingKey, SettingValue } from "@shoal/schema/settings";
import type { SettingChanges, Settings } from "../settings/settings.ts";
import type { ShoalNode } from "../shoal-node.ts";
import type { SessionMemory } from "./session-memory.ts";
import type { ArgumentReader } from "./arguments.ts";
import { TurtleFields } from "./turtle-fields.ts";
import { whole } from "./values.ts";

const KB = 1_000;
const MINUTE = 60_000;

/** How one number of Transmission's with its switch is kept: ours is null when it is off. */
interface Switched {
  readonly key: SettingKey;
  readonly value: string;
  readonly enabled: string;
  /** Ours for one of theirs. */
  readonly unit: number;
  /** What is shown while it is off, until somebody names another. */
  readonly otherwise: number;
  readonly isFraction?: boolean;
}

const SWITCHED: readonly Switched[] = [
  {
    key: "limits.down",
    value: "speed-limit-down",
    enabled: "speed-limit-down-enabled",
    unit: KB,
    otherwise: 100,
  },
  { key: "limits.up", value: "speed-limit-up", enabled: "speed-limit-up-enabled", unit: KB, otherwise: 100 },
  {
    key: "queue.downloads",
    value: "download-queue-size",
    enabled: "download-queue-enabled",
    unit: 1,
    otherwise: 5,
  },
  { key: "queue.seeds", value: "seed-queue-size", enabled: "seed-queue-enabled", unit: 1, otherwise: 10 },
  {
    key: "sharing.ratio",
    value: "seedRatioLimit",
    enabled: "seedRatioLimited",
    unit: 1,
    otherwise: 2,
    isFraction: true,
  },
  {
    key: "sharing.idleTime",
    value: "idle-seeding-limit",
    enabled: "idle-seeding-limit-enabled",
    unit: MINUTE,
    otherwise: 30,
  },
];

/** Numbers without a switch. */
const NUMBERS: readonly (readonly [name: string, key: SettingKey, unit: number])[] = [
  ["alt-speed-down", "limits.slow.down", KB],
  ["alt-speed-up", "limits.slow.up", KB],
  ["peer-limit-global", "network.connections", 1],
  ["peer-limit-per-torrent", "network.connectionsPerTorrent", 1],
];

const FLAGS: readonly (readonly [name: string, key: SettingKey])[] = [
  ["start-added-torrents", "downloads.start"],
  ["dht-enabled", "network.dht"],
  ["lpd-enabled", "network.lsd"],
  ["pex-enabled", "network.pex"],
  ["port-forwarding-enabled", "network.portMapping"],
];

const LARGEST = 2 ** 31 - 1;

/** What arguments of `session-set` mean. */
export interface SessionChanges {
  readonly settings: SettingChanges;
  /** For the memory. */
  readonly remembered: Readonly<Record<string, number>>;
}

/** Our settings as Transmission's, in both directions. What is switched off there keeps its number. */
export class SessionSettings {
  readonly #settings: Settings;
  readonly memory: SessionMemory;
  readonly turtle: TurtleFields;

  constructor({ settings, limits, remoteMemory }: Pick<ShoalNode, "settings" | "limits" | "remoteMemory">) {
    this.#settings = settings;
    this.memory = remoteMemory;
    this.turtle = new TurtleFields(limits, remoteMemory);
  }

  fields(): Record<string, unknown> {
    const all: Record<string, unknown> = {};
    for (const { key, value, enabled, unit, otherwise, isFraction } of SWITCHED) {
      const ours = this.#number(key);
      const theirs = (ours ?? this.memory.number(key) ?? otherwise * unit) / unit;
      all[value] = isFraction === true ? theirs : whole(theirs);
      all[enabled] = ours !== null;
    }
    for (const [name, key, unit] of NUMBERS) all[name] = whole((this.#number(key) ?? 0) / unit);
    for (const [name, key] of FLAGS) all[name] = this.#settings.get(key);
    return { ...all, ...this.turtle.fields() };
  }

  /** What of the arguments is to be set. Throws RpcError for values that can't be. */
  changes(args: ArgumentReader): SessionChanges {
    const changes: { [K in SettingKey]?: SettingValue } = {};
    const remembered: Record<string, number> = {};
    for (const { key, value, enabled, unit, otherwise, isFraction } of SWITCHED) {
      const given = args.number(value, 0, LARGEST);
      const isOn = args.flag(enabled);
      if (given === undefined && isOn === undefined) continue;
      const before = this.#number(key);
      const exact = given === undefined ? null : given * unit;
      const wanted =
        exact === null
          ? (before ?? this.memory.number(key) ?? otherwise * unit)
          : isFraction
            ? exact
            : Math.round(exact);
      remembered[key] = wanted;
      changes[key] = (isOn ?? before !== null) ? wanted : null;
    }
    for (const [name, key, unit] of NUMBERS) {
      const given = args.whole(name, 0, LARGEST);
      if (given !== undefined) changes[key] = given * unit;
    }
    for (const [name, key] of FLAGS) {
      const given = args.flag(name);
      if (given !== undefined) changes[key] = given;
    }
    const turtle = this.turtle.schedule(args);
    if (turtle !== null) changes["limits.schedule"] = turtle.schedule;
    return { settings: changes, remembered: { ...remembered, ...turtle?.remembered } };
  }

  #number(key: SettingKey): number | null {
    const value = this.#settings.get(key);
    return typeof value === "number" ? value : null;
  }
}
