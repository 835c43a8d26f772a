import type { Millis } from "../../base/brand.ts";
import { type MdnsMessage, type MdnsQuestion, type MdnsRecord, nameKey } from "../../wire/mdns-message.ts";
import { type Service, SERVICE_TYPES, type ServiceKind } from "./service.ts";

/** Queries come after these waits, then at the last one for ever (RFC 6762, 5.2). */
const QUERY_AFTER_MS = [
  0, 1_000, 3_000, 9_000, 27_000, 81_000, 243_000, 729_000, 2_187_000, 3_600_000,
] as const;
/** Services of others that are kept, addresses of each, what it speaks from, and properties of each. */
const MAX_SERVICES = 256;
const MAX_HOSTS = 8;
const MAX_SENDERS = 3;
const MAX_PROPERTIES = 32;
/** What is about to run out is asked for after this part of its time, and once more before it does (RFC 6762, 5.2). */
const REFRESH_AT = [0.8, 0.9] as const;
/** Lifetimes that are believed. */
const MAX_TTL_SECONDS = 4_500;
/** Known answers that are told with a query: they have to fit into its packet. */
const MAX_KNOWN = 12;

/** A service of somebody else. */
export interface FoundService extends Service {
  /** Where it can be reached: address literals, those that it speaks from (with a zone where they need one) first. */
  readonly hosts: readonly string[];
}

export interface ServiceBrowserHost {
  send(message: MdnsMessage): void;
  /** It is new, or otherwise than it was last told. */
  onFound(id: string, service: FoundService): void;
  onLost(id: string, service: FoundService): void;
}

interface Entry {
  readonly kind: ServiceKind;
  readonly instance: string;
  target: string;
  port: number;
  properties: ReadonlyMap<string, string>;
  /** Addresses that it spoke from. */
  senders: readonly string[];
  hosts: readonly string[];
  /** When it was last heard that it is there, and for how long that is true. */
  heardAt: Millis;
  ttlMs: number;
  refreshed: number;
  told: FoundService | null;
}

/** Finds services of the kinds given by multicast DNS. What strangers say is bounded. No sockets, no timers. */
export class ServiceBrowser {
  readonly #host: ServiceBrowserHost;
  readonly #kinds: readonly ServiceKind[];
  readonly #isOurs: (target: string) => boolean;
  readonly #entries: Map<string, Entry> = new Map();
  #round = 0;
  #queryAt: Millis = Number.POSITIVE_INFINITY;

  /** `isOurs` knows our own host names. */
  constructor(host: ServiceBrowserHost, kinds: readonly ServiceKind[], isOurs: (target: string) => boolean) {
    this.#host = host;
    this.#kinds = kinds;
    this.#isOurs = isOurs;
  }

  /** All that are known with an address. */
  services(): FoundService[] {
    return [...this.#entries.values()].flatMap(({ told }) => (told === null ? [] : [told]));
  }

  nextDeadline(): Millis {
    let next = this.#queryAt;
    for (const entry of this.#entries.values()) next = Math.min(next, deadlineOf(entry));
    return next;
  }

  start(now: Millis): void {
    this.#round = 0;
    this.#queryAt = now;
    this.onTime(now);
  }

  stop(): void {
    this.#queryAt = Number.POSITIVE_INFINITY;
    this.#entries.clear();
  }

  onTime(now: Millis): void {
    const kinds = new Set<ServiceKind>();
    for (const [id, entry] of this.#entries) {
      if (now < deadlineOf(entry)) continue;
      if (now >= entry.heardAt + entry.ttlMs) this.#lose(id, entry);
      else {
        entry.refreshed++;
        // By its type: that finds it whatever its name is made of, and brings along all the rest.
        kinds.add(entry.kind);
      }
    }
    if (now >= this.#queryAt) {
      this.#round = Math.min(this.#round + 1, QUERY_AFTER_MS.length - 1);
      this.#queryAt = now + QUERY_AFTER_MS[this.#round]!;
      for (const kind of this.#kinds) kinds.add(kind);
    }
    if (kinds.size === 0) return;
    const questions = [...kinds].map((kind): MdnsQuestion => ({ name: SERVICE_TYPES[kind], type: "PTR" }));
    this.#host.send({ isResponse: false, id: 0, questions, records: this.#known(now), claims: [] });
  }

  /** `from`: address literal of the sender, with its zone if it has one. */
  onMessage({ isResponse, records }: MdnsMessage, from: string, now: Millis): void {
    if (!isResponse) return;
    for (const record of records) if (record.type === "PTR") this.#onPointer(record, now);
    const touched = new Set<Entry>();
    for (const record of records) {
      if (record.type !== "SRV" && record.type !== "TXT") continue;
      const entry = this.#entries.get(nameKey(record.name));
      if (entry === undefined) continue;
      if (record.type === "TXT") entry.properties = bounded(record.entries);
      else this.#onServer(entry, record, from, now);
      touched.add(entry);
    }
    const hostsOf = addressesByName(records);
    if (hostsOf.size > 0) {
      for (const entry of this.#entries.values()) {
        const hosts = hostsOf.get(entry.target);
        if (hosts === undefined) continue;
        entry.hosts = [...hosts];
        touched.add(entry);
      }
    }
    for (const entry of touched) this.#tell(entry);
  }

  #onPointer(record: MdnsRecord & { type: "PTR" }, now: Millis): void {
    const kind = this.#kinds.find((known) => nameKey(record.name) === SERVICE_TYPES[known]);
    if (kind === undefined || !nameKey(record.target).endsWith(`.${SERVICE_TYPES[kind]}`)) return;
    const id = nameKey(record.target);
    const known = this.#entries.get(id);
    if (record.ttlSeconds === 0) {
      if (known !== undefined) this.#lose(id, known);
      return;
    }
    if (known !== undefined || this.#entries.size >= MAX_SERVICES) return;
    this.#entries.set(id, {
      kind,
      instance: record.target,
      target: "",
      port: 0,
      properties: new Map(),
      senders: [],
      hosts: [],
      heardAt: now,
      // Until it says where it is, which mostly comes along.
      ttlMs: 5_000,
      refreshed: 0,
      told: null,
    });
  }

  #onServer(entry: Entry, record: MdnsRecord & { type: "SRV" }, from: string, now: Millis): void {
    if (record.ttlSeconds === 0) return this.#lose(nameKey(entry.instance), entry);
    const target = nameKey(record.target);
    if (this.#isOurs(target)) return void this.#entries.delete(nameKey(entry.instance));
    if (target !== entry.target) {
      entry.hosts = [];
      entry.senders = [];
    }
    entry.target = target;
    entry.port = record.port;
    if (!entry.senders.includes(from)) entry.senders = [from, ...entry.senders].slice(0, MAX_SENDERS);
    entry.heardAt = now;
    entry.ttlMs = Math.min(record.ttlSeconds, MAX_TTL_SECONDS) * 1000;
    entry.refreshed = 0;
  }

  #tell(entry: Entry): void {
    const id = nameKey(entry.instance);
    if (this.#entries.get(id) !== entry || entry.port === 0) return;
    const { kind, instance, port, properties } = entry;
    const name = instance.slice(0, -SERVICE_TYPES[kind].length - 1);
    const hosts = [...new Set([...entry.senders, ...entry.hosts])].slice(0, MAX_HOSTS);
    const service: FoundService = { kind, name, port, properties, hosts };
    if (entry.told !== null && isSame(entry.told, service)) return;
    entry.told = service;
    this.#host.onFound(id, service);
  }

  #lose(id: string, entry: Entry): void {
    this.#entries.delete(id);
    if (entry.told !== null) this.#host.onLost(id, entry.told);
  }

  #known(now: Millis): MdnsRecord[] {
    const known: MdnsRecord[] = [];
    for (const entry of this.#entries.values()) {
      if (known.length >= MAX_KNOWN) break;
      const left = entry.heardAt + entry.ttlMs - now;
      // It lives as long as its shorter records: with less than half of that left it is to answer.
      if (entry.told === null || left < entry.ttlMs / 2 || entry.told.name.includes(".")) continue;
      known.push({
        type: "PTR",
        name: SERVICE_TYPES[entry.kind],
        ttlSeconds: MAX_TTL_SECONDS,
        target: entry.instance,
      });
    }
    return known;
  }
}

function addressesByName(records: readonly MdnsRecord[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const record of records) {
    if ((record.type !== "A" && record.type !== "AAAA") || record.ttlSeconds === 0) continue;
    const name = nameKey(record.name);
    const hosts = found.get(name) ?? new Set();
    found.set(name, hosts);
    if (hosts.size < MAX_HOSTS) hosts.add(record.host);
  }
  return found;
}

function deadlineOf({ heardAt, ttlMs, refreshed }: Entry): Millis {
  return heardAt + ttlMs * (REFRESH_AT[refreshed] ?? 1);
}

function bounded(properties: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return properties.size <= MAX_PROPERTIES ? properties : new Map([...properties].slice(0, MAX_PROPERTIES));
}

function isSame(a: FoundService, b: FoundService): boolean {
  const text = ({ port, hosts, properties }: FoundService): string =>
    JSON.stringify([port, hosts.toSorted(), [...properties]]);
  return text(a) === text(b);
}
