import { decodeCompactPeers, type Endpoint, type Family } from "../base/address.ts";
import { readU32, readU64, utf8, utf8Text, writeU16, writeU32, writeU64 } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { MAX_ANSWER_PEERS, MAX_TRACKER_TEXT, type AnnounceRequest, type SwarmCounts } from "./announce.ts";

const ACTION_CONNECT = 0;
const ACTION_ANNOUNCE = 1;
const ACTION_SCRAPE = 2;
const ACTION_ERROR = 3;
const PROTOCOL_ID = 0x417_2710_1980n;
/** A partial seed (BEP 21) has no number here. */
const EVENTS = { completed: 1, started: 2, stopped: 3, paused: 0 } as const;
/** Info-hashes of one scrape at most: more would not fit into a packet. */
export const MAX_UDP_SCRAPE = 74;

const ANNOUNCE_BYTES = 98;
/** BEP 41: option that carries path and query of the tracker's URL, in parts of at most 255 bytes. */
const OPTION_URL_DATA = 2;
const MAX_OPTION_BYTES = 255;
/** Longer paths are left out: the packet should fit into one frame of any network. */
const MAX_PATH_BYTES = 1_000;

/** What a tracker answers over UDP (BEP 15). `transaction` is what our packet carried. */
export type UdpTrackerPacket =
  | { readonly kind: "connect"; readonly transaction: number; readonly connectionId: bigint }
  | {
      readonly kind: "announce";
      readonly transaction: number;
      /** Seconds. */
      readonly interval: number;
      readonly leechers: number;
      readonly seeders: number;
      readonly peers: readonly Endpoint[];
    }
  /** In the order of the info-hashes asked for; fewer when the tracker left some out. */
  | { readonly kind: "scrape"; readonly transaction: number; readonly counts: readonly SwarmCounts[] }
  | { readonly kind: "error"; readonly transaction: number; readonly message: string };

/** Asks for a connection id. `transaction` is a random unsigned 32-bit number. */
export function encodeConnect(transaction: number): Uint8Array {
  const packet = new Uint8Array(16);
  writeU64(packet, 0, PROTOCOL_ID);
  writeU32(packet, 8, ACTION_CONNECT);
  writeU32(packet, 12, transaction);
  return packet;
}

/** `path` is path and query of the tracker's URL (BEP 41), "" or "/" when there is none. */
export function encodeAnnounce(
  connectionId: bigint,
  transaction: number,
  request: AnnounceRequest,
  path: string,
): Uint8Array {
  if (request.infoHash.length !== 20 || request.peerId.length !== 20) {
    throw new ProtocolError("an announce has a hash or id of the wrong length");
  }
  const options = urlOptions(path);
  const packet = new Uint8Array(ANNOUNCE_BYTES + options.length);
  writeU64(packet, 0, connectionId);
  writeU32(packet, 8, ACTION_ANNOUNCE);
  writeU32(packet, 12, transaction);
  packet.set(request.infoHash, 16);
  packet.set(request.peerId, 36);
  writeU64(packet, 56, BigInt(request.downloaded));
  writeU64(packet, 64, BigInt(request.left));
  writeU64(packet, 72, BigInt(request.uploaded));
  writeU32(packet, 80, request.event === null ? 0 : EVENTS[request.event]);
  // 84: our address, which the tracker sees itself.
  writeU32(packet, 88, request.key);
  writeU32(packet, 92, request.numWant);
  writeU16(packet, 96, request.port);
  packet.set(options, ANNOUNCE_BYTES);
  return packet;
}

/** Asks for the counts of 1 to `MAX_UDP_SCRAPE` swarms, by info-hashes of 20 bytes. */
export function encodeScrape(
  connectionId: bigint,
  transaction: number,
  hashes: readonly Uint8Array[],
): Uint8Array {
  if (hashes.length < 1 || hashes.length > MAX_UDP_SCRAPE || hashes.some((hash) => hash.length !== 20)) {
    throw new ProtocolError("a scrape has the wrong number or length of hashes");
  }
  const packet = new Uint8Array(16 + 20 * hashes.length);
  writeU64(packet, 0, connectionId);
  writeU32(packet, 8, ACTION_SCRAPE);
  writeU32(packet, 12, transaction);
  for (const [i, hash] of hashes.entries()) packet.set(hash, 16 + 20 * i);
  return packet;
}

/**
 * Reads a tracker's packet. `family` is that of the address it came from, which decides how peers are written. Longer packets
 * than known are allowed; throws ProtocolError on shorter ones and unknown actions.
 */
export function decodeUdpTrackerPacket(packet: Uint8Array, family: Family): UdpTrackerPacket {
  if (packet.length < 8) throw new ProtocolError("a tracker's packet is too short");
  const action = readU32(packet, 0);
  const transaction = readU32(packet, 4);
  if (action === ACTION_ERROR) {
    return { kind: "error", transaction, message: utf8Text(packet.subarray(8)).slice(0, MAX_TRACKER_TEXT) };
  }
  if (action === ACTION_CONNECT && packet.length >= 16) {
    return { kind: "connect", transaction, connectionId: readU64(packet, 8) };
  }
  if (action === ACTION_SCRAPE && packet.length >= 20)
    return { kind: "scrape", transaction, counts: countsOf(packet) };
  if (action !== ACTION_ANNOUNCE || packet.length < 20) {
    throw new ProtocolError("a tracker's packet is not understood", { action });
  }
  const addressBytes = family === 4 ? 4 : 16;
  const size = addressBytes + 2;
  const whole = packet.length - 20 - ((packet.length - 20) % size);
  return {
    kind: "announce",
    transaction,
    interval: readU32(packet, 8),
    leechers: readU32(packet, 12),
    seeders: readU32(packet, 16),
    peers: decodeCompactPeers(packet.subarray(20, 20 + whole), addressBytes, MAX_ANSWER_PEERS),
  };
}

function countsOf(packet: Uint8Array): SwarmCounts[] {
  const counts: SwarmCounts[] = [];
  for (let at = 8; at + 12 <= packet.length && counts.length < MAX_UDP_SCRAPE; at += 12) {
    counts.push({
      seeds: readU32(packet, at),
      downloaded: readU32(packet, at + 4),
      leechers: readU32(packet, at + 8),
    });
  }
  return counts;
}

function urlOptions(path: string): Uint8Array {
  const data = utf8(path);
  if (path === "" || path === "/" || data.length > MAX_PATH_BYTES) return new Uint8Array(0);
  const options: number[] = [];
  for (let at = 0; at < data.length; at += MAX_OPTION_BYTES) {
    const part = data.subarray(at, at + MAX_OPTION_BYTES);
    options.push(OPTION_URL_DATA, part.length, ...part);
  }
  return Uint8Array.from(options);
}
