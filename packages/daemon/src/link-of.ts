import { type AddOptions, formatMagnet, type Magnet, parseMagnet } from "@shoal/engine";

/** The link by which the next run finds it as long as its files are not known; null for a torrent whose files are. */
export function linkOf(
  { magnet, infoHash }: Pick<AddOptions, "magnet" | "infoHash">,
  trackers: readonly string[],
): string | null {
  if (magnet === undefined && infoHash === undefined) return null;
  const named = infoHash?.length === 64 ? `urn:btmh:1220${infoHash}` : `urn:btih:${infoHash ?? ""}`;
  const link = parseMagnetOf(magnet ?? `magnet:?xt=${named}`);
  return formatMagnet({ ...link, trackers: [...new Set([...link.trackers, ...trackers])] });
}

function parseMagnetOf(magnet: string | Magnet): Magnet {
  return typeof magnet === "string" ? parseMagnet(magnet) : magnet;
}
