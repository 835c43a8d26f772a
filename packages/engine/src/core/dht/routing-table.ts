import { type Endpoint, type Family, Nearness } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import { equalBytes } from "../../base/bytes.ts";
import { Shortlist } from "../../base/shortlist.ts";
import { type Contact, ID_BYTES } from "../../wire/krpc-contacts.ts";
import { peerKey } from "../swarm/peer-key.ts";
import { distanceFraction, idAtDepth, sharedBits } from "./distance.ts";
import { isSecureId } from "./secure-id.ts";
import { TableSlots } from "./table-slots.ts";

/** BEP 5, "Routing Table": who was heard of within this time is good, and a bucket nothing happened to for so long is looked at. */
const FRESH_MS = 900_000;
/** A node asked whether it is there gets so long before it is asked again. */
const TRY_AGAIN_MS = 30_000;
/** Questions in a row without an answer after which a node is bad, and after which it goes even when nobody takes its place. */
const BAD_AFTER = 2;
const GONE_AFTER = 5;

const ID_BITS = ID_BYTES * 8;
/** Places of the buckets from the farthest on; the last number holds for all that follow. More far ones make lookups shorter. */
const PLACES = [32, 32, 16, 16, 8];
/** Buckets by which the size of the network is estimated, which part of the space the first ones are, and how many nodes tell enough. */
const WINDOW = 3;
const WINDOW_PART = 1 / 2 + 1 / 4 + 1 / 8;
const ENOUGH = 8;
/** For each bucket, nodes that wait for a place. */
const SPARES = 8;
const LIVE = 1;
const SPARE = 2;
/** Most nodes that `closest` gives. */
const MAX_CLOSEST = 64;

/**
 * Nodes we know, more of them the nearer they are (BEP 5): a bucket for each number of bits that an id shares with ours. Only nodes that
 * answered us get a place; others wait as spares until they are asked. One node per address (per /64), so that nobody fills the table from one machine.
 */
export class RoutingTable {
  #ownId: Uint8Array;
  readonly #slots: TableSlots;
  /** Slot of each address, spares too. */
  readonly #hosts: Map<string, number> = new Map();
  readonly #changedAt: Float64Array = new Float64Array(ID_BITS).fill(Number.NEGATIVE_INFINITY);
  readonly #nearest = new Shortlist(MAX_CLOSEST);
  #size = 0;

  constructor(ownId: Uint8Array, family: Family) {
    this.#ownId = ownId;
    this.#slots = new TableSlots(family);
  }

  /** Nodes with a place. */
  get size(): number {
    return this.#size;
  }

  countGood(now: Millis): number {
    let count = 0;
    for (let slot = 0; slot < this.#slots.length; slot++) if (this.#isGood(slot, now)) count++;
    return count;
  }

  /** The node answered a question of ours. True when it has a place now that it did not have before. */
  onAnswer(id: Uint8Array, endpoint: Endpoint, now: Millis): boolean {
    const slots = this.#slots;
    const key = peerKey(endpoint.host, endpoint.port);
    const known = this.#hosts.get(key);
    if (known !== undefined) {
      if (this.#isAt(known, id, endpoint)) {
        this.#heard(known, now);
        slots.answeredAt[known] = now;
        slots.failures[known] = 0;
        return slots.used[known] === SPARE && this.#settle(known, now);
      }
      // Another port of a host whose node is alive gets nothing; at the same port it is a new node, which took the old one's place.
      if (
        slots.port(known) !== endpoint.port &&
        slots.failures[known]! < BAD_AFTER &&
        this.#everAnswered(known)
      ) {
        return false;
      }
      this.#remove(known, key);
    }
    const spare = this.#addSpare(id, endpoint, key, now);
    if (spare < 0) return false;
    slots.answeredAt[spare] = now;
    return this.#settle(spare, now);
  }

  /** The node asked us something: known ones stay fresh, others may wait as spares. True for a new one. */
  onQuery(id: Uint8Array, endpoint: Endpoint, now: Millis): boolean {
    const key = peerKey(endpoint.host, endpoint.port);
    const known = this.#hosts.get(key);
    if (known === undefined) return this.#addSpare(id, endpoint, key, now) >= 0;
    if (this.#isAt(known, id, endpoint)) this.#heard(known, now);
    return false;
  }

  /** The node at the address did not answer in time. */
  onFailure(endpoint: Endpoint, now: Millis): void {
    const slots = this.#slots;
    const key = peerKey(endpoint.host, endpoint.port);
    const slot = this.#hosts.get(key);
    if (slot === undefined || slots.port(slot) !== endpoint.port) return;
    const failures = (slots.failures[slot] = Math.min(slots.failures[slot]! + 1, GONE_AFTER));
    if (slots.used[slot] === SPARE || failures === GONE_AFTER) {
      this.#remove(slot, key);
    } else if (failures >= BAD_AFTER) {
      const successor = this.#answeredSpare(bucketAt(slot), now);
      if (successor >= 0) this.#settle(successor, now);
    }
  }

  /**
   * Nodes nearest to the target, nearest first: any, those that are not bad, or those heard of lately. For somebody in the internet those of local
   * networks are left out, see `mayTell`.
   */
  closest(
    target: Uint8Array,
    limit: number,
    least: "any" | "usable" | "good",
    now: Millis,
    asker: Nearness = Nearness.here,
  ): Contact[] {
    const slots = this.#slots;
    const nearest = this.#nearest;
    nearest.clear(Math.min(limit, MAX_CLOSEST));
    for (let slot = 0; slot < slots.length; slot++) {
      if (slots.used[slot] !== LIVE || slots.nearness[slot]! > asker) continue;
      if (least !== "any" && slots.failures[slot]! >= BAD_AFTER) continue;
      if (least === "good" && !this.#isGood(slot, now)) continue;
      nearest.offer(distanceFraction(target, slots.ids, slot * ID_BYTES), slot);
    }
    const contacts: Contact[] = [];
    for (let i = 0; i < nearest.length; i++) contacts.push(slots.contact(nearest.items[i]!));
    return contacts;
  }

  /** All that have a place, bad ones too. */
  contacts(): Contact[] {
    const all: Contact[] = [];
    for (let slot = 0; slot < this.#slots.length; slot++) {
      if (this.#slots.used[slot] === LIVE) all.push(this.#slots.contact(slot));
    }
    return all;
  }

  /**
   * A node that should be asked whether it is there: a spare one for whom there is a place, else the one with a place not heard of for longest.
   * Null when there is none. It is taken for asked.
   */
  nodeToTry(now: Millis): Contact | null {
    const slots = this.#slots;
    let best = -1;
    for (let slot = 0; slot < slots.length; slot++) {
      if (slots.used[slot] === 0 || now - slots.triedAt[slot]! < TRY_AGAIN_MS) continue;
      if (slots.used[slot] === SPARE) {
        if (this.#placeIn(bucketAt(slot), slots.secure[slot] === 1) < 0) continue;
      } else if (now - slots.heardAt[slot]! < FRESH_MS) continue;
      if (best < 0 || this.#comesBefore(slot, best)) best = slot;
    }
    if (best < 0) return null;
    slots.triedAt[best] = now;
    return slots.contact(best);
  }

  /**
   * About how many nodes there are in the whole DHT, by how dense they are where we know most of them. Who crowds around us, nearer than
   * nodes can be by chance, changes nothing in it.
   */
  networkSize(): number {
    const counts = this.#counts();
    let most = counts.reduce((sum, count) => sum + count, 0);
    for (let bucket = 0; bucket < counts.length; bucket++) {
      const known = inWindow(counts, bucket);
      if (known === 0) break;
      if (known >= ENOUGH) most = Math.max(most, (known / WINDOW_PART) * 2 ** bucket);
    }
    return most;
  }

  /** Whether the node at the address answered a question of ours, so that it is really there. */
  hasAnswered({ host, port }: Endpoint): boolean {
    const slot = this.#hosts.get(peerKey(host, port));
    return slot !== undefined && this.#slots.port(slot) === port && this.#everAnswered(slot);
  }

  /** Forgets the node at the address. */
  remove(endpoint: Endpoint): void {
    const key = peerKey(endpoint.host, endpoint.port);
    const slot = this.#hosts.get(key);
    if (slot !== undefined && this.#slots.port(slot) === endpoint.port) this.#remove(slot, key);
  }

  /** An id in a bucket that nothing happened to for long, to be looked up; it is taken for done. `random`: 20 bytes. */
  refreshTarget(random: Uint8Array, now: Millis): Uint8Array | null {
    const counts = this.#counts();
    for (let bucket = 0; bucket < counts.length && inWindow(counts, bucket) > 0; bucket++) {
      if (now - this.#changedAt[bucket]! < FRESH_MS) continue;
      this.#changedAt[bucket] = now;
      return idAtDepth(this.#ownId, bucket, random);
    }
    return null;
  }

  /** All nodes are put where they belong as seen from a new id of ours. */
  rehome(ownId: Uint8Array, now: Millis): void {
    const slots = this.#slots;
    const kept: { contact: Contact; answeredAt: number; heardAt: number }[] = [];
    for (let slot = 0; slot < slots.length; slot++) {
      if (slots.used[slot] !== LIVE || slots.failures[slot]! >= BAD_AFTER) continue;
      kept.push({
        contact: slots.contact(slot),
        answeredAt: slots.answeredAt[slot]!,
        heardAt: slots.heardAt[slot]!,
      });
    }
    slots.used.fill(0);
    this.#hosts.clear();
    this.#size = 0;
    this.#ownId = ownId;
    for (const { contact, answeredAt, heardAt } of kept) {
      this.onAnswer(contact.id, contact.endpoint, now);
      const slot = this.#hosts.get(peerKey(contact.endpoint.host, contact.endpoint.port));
      if (slot === undefined) continue;
      slots.answeredAt[slot] = answeredAt;
      slots.heardAt[slot] = heardAt;
    }
    this.#changedAt.fill(Number.NEGATIVE_INFINITY);
  }

  #isAt(slot: number, id: Uint8Array, endpoint: Endpoint): boolean {
    const at = slot * ID_BYTES;
    return (
      this.#slots.port(slot) === endpoint.port && equalBytes(this.#slots.ids.subarray(at, at + ID_BYTES), id)
    );
  }

  #heard(slot: number, now: Millis): void {
    this.#slots.heardAt[slot] = now;
    if (this.#slots.used[slot] === LIVE) this.#changedAt[bucketAt(slot)] = now;
  }

  #everAnswered(slot: number): boolean {
    return this.#slots.answeredAt[slot]! > Number.NEGATIVE_INFINITY;
  }

  /** BEP 5: answered lately, or answered once and asked us lately. */
  #isGood(slot: number, now: Millis): boolean {
    const slots = this.#slots;
    return (
      slots.used[slot] === LIVE && slots.failures[slot]! < BAD_AFTER && now - slots.heardAt[slot]! < FRESH_MS
    );
  }

  /** The slot of the new spare node, -1 when it can't be one. */
  #addSpare(id: Uint8Array, endpoint: Endpoint, key: string, now: Millis): number {
    const bucket = sharedBits(this.#ownId, id);
    if (bucket >= ID_BITS) return -1;
    const slots = this.#slots;
    const first = firstSlot(bucket) + places(bucket);
    slots.grow(firstSlot(bucket + 1));
    let slot = first;
    for (let other = first; other < first + SPARES; other++) {
      if (slots.used[other] === 0) {
        slot = other;
        break;
      }
      if (slots.heardAt[other]! < slots.heardAt[slot]!) slot = other;
    }
    const evicted = slots.used[slot] === 0 ? null : slots.endpoint(slot);
    if (!slots.write(slot, SPARE, id, endpoint, isSecureId(endpoint.host, id))) return -1;
    if (evicted !== null) this.#hosts.delete(peerKey(evicted.host, evicted.port));
    slots.heardAt[slot] = now;
    this.#hosts.set(key, slot);
    return slot;
  }

  /** Gives a spare node that answered a place, if there is one for it. */
  #settle(spare: number, now: Millis): boolean {
    const slots = this.#slots;
    const bucket = bucketAt(spare);
    const place = this.#placeIn(bucket, slots.secure[spare] === 1);
    if (place < 0) return false;
    if (slots.used[place] === LIVE) {
      const old = slots.endpoint(place);
      this.#hosts.delete(peerKey(old.host, old.port));
    } else {
      this.#size++;
    }
    slots.copy(spare, place);
    slots.used[place] = LIVE;
    slots.used[spare] = 0;
    const { host, port } = slots.endpoint(place);
    this.#hosts.set(peerKey(host, port), place);
    this.#changedAt[bucket] = now;
    return true;
  }

  /** A free place, else a bad node's, else for a node with a secure id that of one without (BEP 42); -1 when there is none. */
  #placeIn(bucket: number, forSecure: boolean): number {
    const slots = this.#slots;
    const first = firstSlot(bucket);
    let bad = -1;
    let insecure = -1;
    for (let slot = first; slot < first + places(bucket); slot++) {
      if (slots.used[slot] === 0) return slot;
      if (slots.failures[slot]! >= BAD_AFTER) bad = slot;
      if (slots.secure[slot] === 0) insecure = slot;
    }
    if (bad >= 0) return bad;
    return forSecure ? insecure : -1;
  }

  #answeredSpare(bucket: number, now: Millis): number {
    const slots = this.#slots;
    const first = firstSlot(bucket) + places(bucket);
    for (let slot = first; slot < first + SPARES; slot++) {
      if (slots.used[slot] === SPARE && now - slots.answeredAt[slot]! < FRESH_MS) return slot;
    }
    return -1;
  }

  /** Spares first, those heard of last; then those with a place, not heard of for longest. */
  #comesBefore(slot: number, other: number): boolean {
    const slots = this.#slots;
    const isSpare = slots.used[slot] === SPARE;
    if (isSpare !== (slots.used[other] === SPARE)) return isSpare;
    return isSpare
      ? slots.heardAt[slot]! > slots.heardAt[other]!
      : slots.heardAt[slot]! < slots.heardAt[other]!;
  }

  #remove(slot: number, key: string): void {
    if (this.#slots.used[slot] === LIVE) this.#size--;
    this.#slots.used[slot] = 0;
    this.#hosts.delete(key);
  }

  /** Nodes with a place that are not bad, for each bucket up to the deepest one that has any. */
  #counts(): number[] {
    const slots = this.#slots;
    const counts: number[] = [];
    for (let slot = 0; slot < slots.length; slot++) {
      if (slots.used[slot] !== LIVE || slots.failures[slot]! >= BAD_AFTER) continue;
      const bucket = bucketAt(slot);
      while (counts.length <= bucket) counts.push(0);
      counts[bucket]!++;
    }
    return counts;
  }
}

/** Nodes in a bucket and the next ones. After a window with none, nobody is there by chance. */
function inWindow(counts: readonly number[], bucket: number): number {
  let sum = 0;
  for (let i = bucket; i < bucket + WINDOW; i++) sum += counts[i] ?? 0;
  return sum;
}

function places(bucket: number): number {
  return PLACES[Math.min(bucket, PLACES.length - 1)]!;
}

const EARLY_SLOTS: readonly number[] = PLACES.reduce(
  (starts, count) => [...starts, starts.at(-1)! + count + SPARES],
  [0],
);
const LAST_EARLY = EARLY_SLOTS.length - 1;
const LATE_STRIDE = PLACES.at(-1)! + SPARES;

/** First slot of a bucket: its places, then its spares. */
function firstSlot(bucket: number): number {
  if (bucket <= LAST_EARLY) return EARLY_SLOTS[bucket]!;
  return EARLY_SLOTS[LAST_EARLY]! + (bucket - LAST_EARLY) * LATE_STRIDE;
}

function bucketAt(slot: number): number {
  if (slot >= EARLY_SLOTS[LAST_EARLY]!) {
    return LAST_EARLY + Math.floor((slot - EARLY_SLOTS[LAST_EARLY]!) / LATE_STRIDE);
  }
  let bucket = 0;
  while (slot >= EARLY_SLOTS[bucket + 1]!) bucket++;
  return bucket;
}
