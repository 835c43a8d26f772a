import { parseIp } from "../../base/address.ts";
import { utf8 } from "../../base/bytes.ts";
import { ProtocolError } from "../../base/errors.ts";
import { RecordReader, RecordWriter } from "../record-bytes.ts";
import { MAX_STANDINGS } from "./reputation.ts";
import { type Ban, DEEDS, newStanding, type Standing } from "./standing.ts";

const VERSION = 1;
const MAX_REASON = 200;
const NO_BAN = 0;
const PROOF = 1;
const ABUSE = 2;

/** Bytes of a record that keeps what is known of peers. */
export function encodeReputation(standings: readonly Standing[]): Uint8Array {
  const writer = new RecordWriter(VERSION);
  const kept = standings.slice(0, MAX_STANDINGS);
  writer.u32(kept.length);
  for (const { host, deeds, at, ban, forgivenAt } of kept) {
    writer.bytes(utf8(host));
    for (const deed of DEEDS) writer.f64(deeds[deed]);
    writer.f64(Math.floor(at));
    writer.f64(Math.floor(forgivenAt));
    if (ban === null) {
      writer.u8(NO_BAN);
      continue;
    }
    writer.u8(ban.cause === "proof" ? PROOF : ABUSE);
    writer.bytes(utf8(ban.reason.slice(0, MAX_REASON)));
    writer.f64(Math.floor(ban.at));
    writer.f64(Math.floor(ban.until));
  }
  return writer.take();
}

/** The inverse. Throws ProtocolError for anything else. */
export function decodeReputation(bytes: Uint8Array): Standing[] {
  const reader = new RecordReader(bytes);
  if (reader.u8() !== VERSION) throw new ProtocolError("the record of peers is of another version");
  const count = reader.u32();
  if (count > MAX_STANDINGS) throw new ProtocolError("the record of peers has too many entries");
  const standings: Standing[] = [];
  for (let i = 0; i < count; i++) standings.push(readStanding(reader));
  if (!reader.atEnd) throw new ProtocolError("the record of peers goes on after its end");
  return standings;
}

function readStanding(reader: RecordReader): Standing {
  const host = reader.text();
  if (parseIp(host) === null) throw new ProtocolError("a peer in the record has no address");
  const standing = newStanding(host, 0);
  for (const deed of DEEDS) {
    const amount = reader.f64();
    if (!(amount >= 0 && amount <= Number.MAX_SAFE_INTEGER))
      throw new ProtocolError("an amount in the record of peers is out of range");
    standing.deeds[deed] = amount;
  }
  standing.at = reader.count();
  standing.forgivenAt = reader.count();
  standing.ban = readBan(reader);
  return standing;
}

function readBan(reader: RecordReader): Ban | null {
  const kind = reader.u8();
  if (kind === NO_BAN) return null;
  if (kind > ABUSE) throw new ProtocolError("a ban in the record of peers has an unknown cause");
  const reason = reader.text();
  if (reason.length > MAX_REASON) throw new ProtocolError("a reason in the record of peers is too long");
  return { cause: kind === PROOF ? "proof" : "abuse", reason, at: reader.count(), until: reader.count() };
}
