import { isPrivate } from "../../base/address.ts";

/** Whether connections are obfuscated: preferably, always, or never. */
export type ObfuscationPolicy = "prefer" | "require" | "off";

/** How a peer is dialled. */
export type DialWay = "plain" | "obfuscated";

/**
 * The ways in which a peer may be dialled, the one to begin with first. Where obfuscation is a preference only, it is put second where it hides
 * nothing from anybody and costs time: in the local network, unless the peer is said to want it (BEP 11), and in torrents whose tracker knows all
 * who take part.
 */
export function dialWays(
  policy: ObfuscationPolicy,
  host: string,
  torrentIsPrivate: boolean,
  wantsObfuscation: boolean = false,
): readonly DialWay[] {
  if (policy === "off") return ["plain"];
  if (policy === "require") return ["obfuscated"];
  return torrentIsPrivate || (isPrivate(host) && !wantsObfuscation)
    ? ["plain", "obfuscated"]
    : ["obfuscated", "plain"];
}

/** What is known of a peer in this respect. */
export interface DialMemory {
  /** The way in which it was connected last. */
  readonly worked: DialWay | null;
  /** The way in which it took the connection and hung up, since it was dialled for other reasons last. */
  readonly refused: DialWay | null;
}

/** The way to dial a peer in now. */
export function nextWay(ways: readonly DialWay[], { worked, refused }: DialMemory): DialWay {
  if (worked !== null && ways.includes(worked)) return worked;
  return ways.find((way) => way !== refused) ?? ways[0]!;
}

/** Whether the other way is worth a try after a peer took a connection and hung up: not when it has been tried, or this one worked before. */
export function hasOtherWay(
  ways: readonly DialWay[],
  way: DialWay,
  { worked, refused }: DialMemory,
): boolean {
  return worked !== way && refused === null && ways.length > 1;
}
