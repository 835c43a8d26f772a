import type { Torrent } from "@shoal/engine";
import type { TransferLimitChanges } from "@shoal/schema";
import type { RemoteMemory } from "../remote-memory.ts";
import type { ArgumentReader } from "./arguments.ts";
import { kilobytes } from "./values.ts";

const KB = 1_000;
const LARGEST_KB = 2 ** 31 - 1;
/** That one torrent may have. */
export const MOST_PEERS = 65_535;
const OTHERWISE = 100 * KB;

/** Limits of one torrent; `whenOff` is shown where there is none. */
export function limitFields(
  { limits }: Pick<Torrent, "limits">,
  whenOff: RemoteMemory,
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

/** What the arguments change of the limits, and what is to be remembered. */
export function readLimits(
  args: ArgumentReader,
  { limits }: Pick<Torrent, "limits">,
  whenOff: RemoteMemory,
): { readonly changes: TransferLimitChanges; readonly memory: RemoteMemory } {
  const changes: TransferLimitChanges = {};
  const memory: { down?: number; up?: number } = {};
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
    memory[direction] = wanted;
    changes[direction] = (isOn ?? before !== null) ? wanted : null;
  }
  const honors = args.flag("honorsSessionLimits");
  if (honors !== undefined) changes.honorsSessionLimits = honors;
  const peers = args.whole("peer-limit", 0, MOST_PEERS);
  if (peers !== undefined) changes.maxConnections = peers === 0 ? null : peers;
  return { changes, memory };
}
