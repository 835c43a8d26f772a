import { type Endpoint, type Family, formatIp, nearnessOfIp, parseIp } from "../../base/address.ts";
import { readU16, writeU16 } from "../../base/bytes.ts";
import { type Contact, ID_BYTES } from "../../wire/krpc-contacts.ts";

const IP_BYTES = 16;

/** Nodes in flat arrays, by slot: who they are, where, and how they behaved. Grows, never shrinks. */
export class TableSlots {
  ids: Uint8Array = new Uint8Array(0);
  /** Whether there is a node, and whether it is a spare one. */
  used: Uint8Array = new Uint8Array(0);
  /** When it last answered us; -Infinity for never. */
  answeredAt: Float64Array = new Float64Array(0);
  /** When it last answered or asked us. */
  heardAt: Float64Array = new Float64Array(0);
  /** When we last asked it whether it is there. */
  triedAt: Float64Array = new Float64Array(0);
  /** Questions in a row that it did not answer. */
  failures: Uint8Array = new Uint8Array(0);
  /** Its id belongs to its address (BEP 42). */
  secure: Uint8Array = new Uint8Array(0);
  /** See `nearnessOfIp`. */
  nearness: Uint8Array = new Uint8Array(0);
  #ips: Uint8Array = new Uint8Array(0);
  #ports: Uint8Array = new Uint8Array(0);
  readonly #ipBytes: number;

  constructor(family: Family) {
    this.#ipBytes = family === 4 ? 4 : IP_BYTES;
  }

  get length(): number {
    return this.used.length;
  }

  grow(length: number): void {
    if (length <= this.used.length) return;
    this.ids = grown(this.ids, new Uint8Array(length * ID_BYTES));
    this.used = grown(this.used, new Uint8Array(length));
    this.answeredAt = grown(this.answeredAt, new Float64Array(length));
    this.heardAt = grown(this.heardAt, new Float64Array(length));
    this.triedAt = grown(this.triedAt, new Float64Array(length));
    this.failures = grown(this.failures, new Uint8Array(length));
    this.secure = grown(this.secure, new Uint8Array(length));
    this.nearness = grown(this.nearness, new Uint8Array(length));
    this.#ips = grown(this.#ips, new Uint8Array(length * this.#ipBytes));
    this.#ports = grown(this.#ports, new Uint8Array(length * 2));
  }

  /** False when the address is not of our family; then nothing has changed. */
  write(slot: number, kind: number, id: Uint8Array, endpoint: Endpoint, isSecure: boolean): boolean {
    const ip = parseIp(endpoint.host);
    if (ip === null || ip.length !== this.#ipBytes) return false;
    this.ids.set(id, slot * ID_BYTES);
    this.#ips.set(ip, slot * this.#ipBytes);
    writeU16(this.#ports, slot * 2, endpoint.port);
    this.used[slot] = kind;
    this.secure[slot] = isSecure ? 1 : 0;
    this.nearness[slot] = nearnessOfIp(ip);
    this.failures[slot] = 0;
    this.answeredAt[slot] = Number.NEGATIVE_INFINITY;
    this.heardAt[slot] = Number.NEGATIVE_INFINITY;
    this.triedAt[slot] = Number.NEGATIVE_INFINITY;
    return true;
  }

  /** Everything but the kind goes from one slot to another. */
  copy(from: number, to: number): void {
    this.ids.copyWithin(to * ID_BYTES, from * ID_BYTES, (from + 1) * ID_BYTES);
    this.#ips.copyWithin(to * this.#ipBytes, from * this.#ipBytes, (from + 1) * this.#ipBytes);
    this.#ports.copyWithin(to * 2, from * 2, (from + 1) * 2);
    for (const array of [
      this.answeredAt,
      this.heardAt,
      this.triedAt,
      this.failures,
      this.secure,
      this.nearness,
    ]) {
      array[to] = array[from]!;
    }
  }

  id(slot: number): Uint8Array {
    return this.ids.slice(slot * ID_BYTES, (slot + 1) * ID_BYTES);
  }

  endpoint(slot: number): Endpoint {
    const at = slot * this.#ipBytes;
    return { host: formatIp(this.#ips.subarray(at, at + this.#ipBytes)), port: this.port(slot) };
  }

  port(slot: number): number {
    return readU16(this.#ports, slot * 2);
  }

  contact(slot: number): Contact {
    return { id: this.id(slot), endpoint: this.endpoint(slot) };
  }
}

function grown<T extends Uint8Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
