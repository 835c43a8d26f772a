import type { Torrent } from "@shoal/engine";
import type { TransferLimitChanges } from "@shoal/schema";
import type { ArgumentReader } from "./arguments.ts";
import { kilobytes } from "./values.ts";

const KB = 1_000;
const LARGEST_KB = 2 ** 31 - 1;
const MOST_PEERS = 65_535;
const OTHERWISE = 100 * KB;

/** Limits that were set and are switched off: bytes a second. */
export type LimitsWhenOff = Partial<Record<"down" | "up", number>>;

/** Limits of one torrent; `whenOff` is shown where there is none. */
export function limitFields(
  { limits }: Pick<Torrent, "limits">,
  whenOff: LimitsWhenOff,
): Record<
  "downloadLimit" | "uploadLimit" | "downloadLimited" | "uploadLimited" | "honorsSessionLimits",
  number | boolean
> {
  const { down, up, honorsSessionLimits } = limits;
  return {
    downloadLimit: kilobytes(down ?? whenOff.down ?? OTHERWISE),
    downloadLimited: down !== null,
    uploadLimit: kilobytes(up ?? whenOff.up ?? OTHERWISE),
    uploadLimited: up !== null,
    honorsSessionLimits,
  };
}

/** What the arguments change of the limits; `whenOff` remembers what they switch off. */
export function readLimits(
  args: ArgumentReader,
  { limits }: Pick<Torrent, "limits">,
  whenOff: LimitsWhenOff,
): TransferLimitChanges {
  const changes: TransferLimitChanges = {};
  for (const [direction, limit, limited] of [
    ["down", "downloadLimit", "downloadLimited"],
    ["up", "uploadLimit", "uploadLimited"],
  ] as const) {
    const given = args.whole(limit, 0, LARGEST_KB);
    const isOn = args.flag(limited);
    if (given === undefined && isOn === undefined) continue;
    const before = limits[direction];
    const wanted =
      given === undefined ? (before ?? whenOff[direction] ?? OTHERWISE) : Math.max(1, given * KB);
    whenOff[direction] = wanted;
    changes[direction] = (isOn ?? before !== null) ? wanted : null;
  }
  const honors = args.flag("honorsSessionLimits");
  if (honors !== undefined) changes.honorsSessionLimits = honors;
  const peers = args.whole("peer-limit", 1, MOST_PEERS);
  if (peers !== undefined) changes.maxConnections = peers;
  return changes;
}
