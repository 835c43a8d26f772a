import { canonicalIp } from "../base/address.ts";
import { utf8Text } from "../base/bytes.ts";
import type { MdnsMessage, MdnsQuestion, MdnsQuestionType, MdnsRecord } from "../wire/mdns-message.ts";

const MAX_NAME = 255;
const MAX_TEXT = 255;
const MAX_ENTRIES = 64;
const TYPES: ReadonlySet<string> = new Set(["PTR", "SRV", "TXT", "A", "AAAA", "ANY"]);
/** "The answer is the owner's own" (RFC 1035, 4.1.1), as all answers by multicast are. */
const AUTHORITATIVE = 1 << 10;

/** A message as the library writes it. Records that have one owner replace what was known before (RFC 6762, 10.2). */
export function toPacket(
  { isResponse, id, questions, records, claims }: MdnsMessage,
  isLegacy: boolean,
): object {
  return {
    type: isResponse ? "response" : "query",
    id,
    flags: isResponse ? AUTHORITATIVE : 0,
    questions: questions.map(({ name, type }) => ({ name, type })),
    answers: records.map((record) => toRecord(record, isResponse && !isLegacy)),
    authorities: claims.map((record) => toRecord(record, false)),
  };
}

/** What the library has read, as far as we know it; what does not fit is left out. */
export function fromPacket(packet: unknown): MdnsMessage {
  const { type, id, questions, answers, additionals, authorities } = fields(packet);
  return {
    isResponse: type === "response",
    id: typeof id === "number" ? id : 0,
    questions: list(questions).flatMap(fromQuestion),
    records: [...list(answers), ...list(additionals)].flatMap(fromRecord),
    claims: list(authorities).flatMap(fromRecord),
  };
}

function toRecord(record: MdnsRecord, isOwner: boolean): object {
  const { type, name, ttlSeconds: ttl } = record;
  const head = { type, name, ttl, flush: isOwner && type !== "PTR" };
  switch (record.type) {
    case "PTR":
      return { ...head, data: record.target };
    case "SRV":
      return { ...head, data: { target: record.target, port: record.port, priority: 0, weight: 0 } };
    case "TXT":
      // One empty string when there is nothing to tell (RFC 6763, 6.1).
      return {
        ...head,
        data: record.entries.size === 0 ? [""] : [...record.entries].map(([key, value]) => `${key}=${value}`),
      };
    case "A":
    case "AAAA":
      return { ...head, data: record.host };
  }
}

function fromQuestion(question: unknown): MdnsQuestion[] {
  const { name, type } = fields(question);
  return isName(name) && typeof type === "string" && TYPES.has(type)
    ? [{ name, type: type as MdnsQuestionType }]
    : [];
}

function fromRecord(record: unknown): MdnsRecord[] {
  const { name, type, ttl, data } = fields(record);
  if (!isName(name) || typeof ttl !== "number") return [];
  const head = { name, ttlSeconds: Math.max(0, ttl) };
  switch (type) {
    case "PTR":
      return isName(data) ? [{ ...head, type, target: data }] : [];
    case "SRV": {
      const { target, port } = fields(data);
      return isName(target) && typeof port === "number" ? [{ ...head, type, target, port }] : [];
    }
    case "TXT":
      return [{ ...head, type, entries: textEntries(data) }];
    case "A":
    case "AAAA": {
      const host = typeof data === "string" ? canonicalIp(data) : null;
      return host === null ? [] : [{ ...head, type, host }];
    }
    default:
      return [];
  }
}

/** "key=value", of each key the first (RFC 6763, 6.4). */
function textEntries(data: unknown): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  for (const part of list(data)) {
    if (!(part instanceof Uint8Array) || part.length > MAX_TEXT || entries.size >= MAX_ENTRIES) continue;
    const text = utf8Text(part);
    const equals = text.indexOf("=");
    const key = (equals < 0 ? text : text.slice(0, equals)).toLowerCase();
    if (key !== "" && !entries.has(key)) entries.set(key, equals < 0 ? "" : text.slice(equals + 1));
  }
  return entries;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_NAME;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
