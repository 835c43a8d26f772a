import { parseIp } from "../base/address.ts";
import { concatBytes, latin1Text } from "../base/bytes.ts";
import { type IpRanges, IpRangesBuilder } from "../base/ip-ranges.ts";

/** Bytes of one line; longer ones are not understood. */
const MAX_LINE = 1_024;
const NEWLINE = 10;
/** eMule's DAT lists block what has an access level below this one. */
const DAT_ALLOWED = 128;
/** Of a line that is quoted. */
const MAX_QUOTED = 100;

const ZERO = 48;
/** The code of "." seen from that of "0". */
const DOT = -2;

/** What was found in lists of addresses. */
export interface IpFilterReport {
  /** Ranges that the lists have, before those that overlap became one. */
  readonly read: number;
  /** Lines that are none of the known forms, and the first of them. */
  readonly unknown: number;
  /** `line` counts from 1; `text` is a stranger's. */
  readonly firstUnknown: { readonly line: number; readonly text: string } | null;
}

/**
 * Reads a list of addresses to block, piece by piece: PeerGuardian text ("name:1.2.3.4-1.2.3.5"), eMule's DAT
 * ("001.002.003.000 - 001.002.003.255 , 100 , name"; 128 and above is allowed), and one address, range "a-b" or network "a/8" on a line, of either family.
 * Lines that begin with #, ; or // are comments. What is not understood is passed over and counted.
 */
export class IpFilterReader {
  readonly #builder: IpRangesBuilder = new IpRangesBuilder();
  #rest: Uint8Array = new Uint8Array(0);
  /** The end of a line that is too long is being looked for. */
  #skipping = false;
  #line = 0;
  #read = 0;
  #unknown = 0;
  #firstUnknown: IpFilterReport["firstUnknown"] = null;

  push(bytes: Uint8Array): void {
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, start);
      const part = bytes.subarray(start, end === -1 ? bytes.length : end);
      if (end === -1) {
        this.#keep(part);
        return;
      }
      this.#finishLine(part);
      start = end + 1;
    }
  }

  /** The end of one list; another one may follow, whose lines are counted anew. */
  endOfList(): void {
    if (this.#rest.length > 0 || this.#skipping) this.#finishLine(new Uint8Array(0));
    this.#line = 0;
  }

  report(): IpFilterReport {
    return { read: this.#read, unknown: this.#unknown, firstUnknown: this.#firstUnknown };
  }

  /** Ends in the ranges of all lists, see `IpRangesBuilder.steps`. */
  ranges(): Generator<void, IpRanges> {
    return this.#builder.steps();
  }

  #keep(part: Uint8Array): void {
    if (this.#skipping || part.length === 0) return;
    this.#rest = concatBytes(this.#rest, part.subarray(0, MAX_LINE + 1));
    if (this.#rest.length > MAX_LINE) this.#skipping = true;
  }

  #finishLine(part: Uint8Array): void {
    const isWhole = this.#rest.length === 0 && !this.#skipping && part.length <= MAX_LINE;
    if (!isWhole) this.#keep(part);
    this.#line++;
    const isTooLong = this.#skipping;
    const text = latin1Text(isWhole ? part : this.#rest.subarray(0, MAX_LINE)).trim();
    this.#rest = this.#rest.subarray(0, 0);
    this.#skipping = false;
    // A byte order mark may come first.
    const line = this.#line === 1 && text.startsWith("\u00ef\u00bb\u00bf") ? text.slice(3) : text;
    if (!isTooLong && (line === "" || /^(?:[#;]|\/\/)/.test(line))) return;
    const range = isTooLong ? null : parseLine(line);
    if (range === "allowed") return;
    if (range !== null && this.#builder.add(range.first, range.last)) {
      this.#read++;
      return;
    }
    this.#unknown++;
    this.#firstUnknown ??= { line: this.#line, text: line.slice(0, MAX_QUOTED) };
  }
}

interface Range {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

function parseLine(line: string): Range | "allowed" | null {
  // Most lists are long, and of the form that begins with a name.
  const range = /^[0-9a-f:]/i.test(line) ? parseNameless(line) : null;
  return range ?? named(line);
}

function parseNameless(line: string): Range | "allowed" | null {
  const dat = /^([0-9a-f.:]+)\s*-\s*([0-9a-f.:]+)\s*,\s*(\d+)\s*(?:,|$)/i.exec(line);
  if (dat !== null) {
    const range = between(dat[1]!, dat[2]!);
    return range !== null && Number(dat[3]) >= DAT_ALLOWED ? "allowed" : range;
  }
  const bare = line.replace(/\s+[#;].*$/, "");
  const network = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(bare);
  if (network !== null) return ofNetwork(network[1]!, Number(network[2]));
  const plain = /^([0-9a-f.:]+)(?:\s*-\s*([0-9a-f.:]+))?$/i.exec(bare);
  return plain === null ? null : between(plain[1]!, plain[2] ?? plain[1]!);
}

/** "name:first-last": the name may have colons and hyphens of its own, and an IPv6 address has colons, too. */
function named(line: string): Range | null {
  const hyphen = line.lastIndexOf("-");
  if (hyphen === -1) return null;
  const last = parseAddress(line.slice(hyphen + 1).trim());
  if (last === null) return null;
  const before = line.slice(0, hyphen).trimEnd();
  if (last.length === 4) {
    const first = parseAddress(before.slice(before.lastIndexOf(":") + 1).trim());
    return first === null ? null : { first, last };
  }
  // The longest address at the end of what comes before, of at most 39 characters.
  for (let at = Math.max(0, before.length - 40); at < before.length; at++) {
    if (before[at] !== ":") continue;
    const first = parseAddress(before.slice(at + 1).trim());
    if (first !== null) return { first, last };
  }
  return null;
}

function between(first: string, last: string): Range | null {
  const [from, to] = [parseAddress(first), parseAddress(last)];
  return from === null || to === null ? null : { first: from, last: to };
}

function ofNetwork(address: string, bits: number): Range | null {
  const bytes = parseAddress(address);
  if (bytes === null || bits > 8 * bytes.length) return null;
  const first = bytes.map((byte, i) => byte & ~hostMask(i, bits));
  return { first, last: first.map((byte, i) => byte | hostMask(i, bits)) };
}

/** The bits of byte `i` that are not among the first `bits` of the address. */
function hostMask(i: number, bits: number): number {
  return 0xff >> Math.min(8, Math.max(0, bits - 8 * i));
}

/** Lists write octets with leading zeros, and mean decimal ones. */
function parseAddress(text: string): Uint8Array | null {
  return text.includes(":") ? parseIp(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | null {
  const bytes = new Uint8Array(4);
  let octet = 0;
  let digits = 0;
  let value = 0;
  for (let i = 0; i <= text.length; i++) {
    const digit = i === text.length ? DOT : text.charCodeAt(i) - ZERO;
    if (digit >= 0 && digit <= 9) {
      value = 10 * value + digit;
      if (++digits > 3) return null;
    } else {
      if (digit !== DOT || digits === 0 || value > 255 || octet === 4) return null;
      bytes[octet++] = value;
      value = 0;
      digits = 0;
    }
  }
  return octet === 4 ? bytes : null;
}
