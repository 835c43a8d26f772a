import { familyOf } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import type { Rng } from "../../base/rng.ts";
import { type MdnsMessage, type MdnsQuestion, type MdnsRecord, sameName } from "../../wire/mdns-message.ts";
import { publishableName, type Service, SERVICE_TYPES } from "./service.ts";

/** By which all services of a network are listed (RFC 6763, 9). */
const ALL_SERVICES = "_services._dns-sd._udp.local";
/** Probing (RFC 6762, 8.1) and announcing (8.3). */
const MAX_FIRST_PROBE_MS = 250;
const PROBES = 3;
const PROBE_MS = 250;
const ANNOUNCEMENTS = 2;
const ANNOUNCE_MS = 1_000;
/** Answers that several may give wait this long (RFC 6762, 6), and come once a second at most. */
const ANSWER_AFTER_MS = { from: 20, count: 100 } as const;
const ANSWER_EVERY_MS = 1_000;
/** Whoever looks whether our name is free hears at once that it is not, and so does the next one after this time. */
const DEFEND_EVERY_MS = 250;
/** After so many conflicts of names we wait longer between probes (RFC 6762, 8.1). */
const MANY_CONFLICTS = 15;
const SLOW_PROBE_MS = 5_000;
const MAX_NAME_COUNT = 1_000;
/** Lifetimes of records (RFC 6762, 10). */
const HOST_TTL = 120;
const OTHER_TTL = 4_500;

export interface ServicePublisherHost {
  /** To all. */
  send(message: MdnsMessage): void;
  /** To one that speaks only ordinary DNS. */
  answer(message: MdnsMessage): void;
  /** Our addresses at present. */
  addresses(): readonly string[];
}

/** Publishes one service of ours by multicast DNS (RFC 6762 and 6763). No sockets, no timers. */
export class ServicePublisher {
  readonly #host: ServicePublisherHost;
  readonly #service: Service;
  readonly #rng: Rng;
  readonly #hostName: string;
  #name: string;
  #nameCount = 1;
  #conflicts = 0;
  #state: "probing" | "announcing" | "closed" = "closed";
  #sent = 0;
  #nextAt: Millis = Number.POSITIVE_INFINITY;
  #answerAt: Millis = Number.POSITIVE_INFINITY;
  #answeredAt: Millis = Number.NEGATIVE_INFINITY;

  /** The name of the service is cleaned and may not be empty then. */
  constructor(host: ServicePublisherHost, service: Service, rng: Rng) {
    this.#host = host;
    this.#service = service;
    this.#rng = rng;
    this.#name = publishableName(service.name);
    const id = rng.uint32().toString(16).padStart(8, "0");
    this.#hostName = `shoal-${id}.local`;
  }

  /** The name in use: another than the wanted one where that is taken. */
  get name(): string {
    return this.#name;
  }

  /** Name of our host, by which we know our own records. */
  get hostName(): string {
    return this.#hostName;
  }

  nextDeadline(): Millis {
    return Math.min(this.#nextAt, this.#answerAt);
  }

  start(now: Millis): void {
    this.#probe(now);
  }

  /** We have come into another network, in which nobody knows of us and the name may be taken. */
  onNetworksChanged(now: Millis): void {
    if (this.#state !== "closed") this.#probe(now);
  }

  /** Says good-bye, if anybody can know of us. */
  close(): void {
    if (this.#state === "announcing") this.#host.send(response(this.#records(0)));
    this.#state = "closed";
    this.#nextAt = Number.POSITIVE_INFINITY;
    this.#answerAt = Number.POSITIVE_INFINITY;
  }

  onTime(now: Millis): void {
    if (now >= this.#nextAt) this.#proceed(now);
    if (now >= this.#answerAt) this.#announce(now);
  }

  /** `isLegacy`: it comes from a program that speaks only ordinary DNS, and wants an answer to itself. */
  onMessage(message: MdnsMessage, isLegacy: boolean, now: Millis): void {
    if (this.#state === "closed") return;
    if (message.isResponse) {
      if (!message.records.some((record) => this.#isConflict(record))) return;
      // Both have found it free: the next probes tell who is still there, and who of two has it (RFC 6762, 9).
      if (this.#state === "announcing") this.#contest(now);
      else this.#rename(now);
      return;
    }
    if (this.#state === "probing") {
      for (const claim of message.claims)
        if (this.#isConflict(claim) && this.#yieldsTo(claim)) return this.#rename(now);
      return;
    }
    const asked = message.questions.filter((question) => this.#isAsked(question));
    if (asked.length === 0) return;
    if (isLegacy) {
      const { id } = message;
      const records = this.#records(10, 10);
      return this.#host.answer({ isResponse: true, id, questions: asked, records, claims: [] });
    }
    if (asked.every((question) => this.#isKnown(question, message.records))) return;
    const isProbe = message.claims.some((claim) => this.#isConflict(claim));
    const soonest = Math.max(now, this.#answeredAt + (isProbe ? DEFEND_EVERY_MS : ANSWER_EVERY_MS));
    const wait = isProbe ? 0 : ANSWER_AFTER_MS.from + this.#rng.below(ANSWER_AFTER_MS.count);
    this.#answerAt = Math.min(this.#answerAt, soonest + wait);
  }

  #probe(now: Millis): void {
    this.#state = "probing";
    this.#sent = 0;
    this.#answerAt = Number.POSITIVE_INFINITY;
    const isSlow = this.#conflicts >= MANY_CONFLICTS;
    this.#nextAt = now + (isSlow ? SLOW_PROBE_MS : this.#rng.below(MAX_FIRST_PROBE_MS));
  }

  #proceed(now: Millis): void {
    if (this.#state === "probing" && this.#sent < PROBES) {
      this.#sent++;
      this.#nextAt = now + PROBE_MS;
      const questions: MdnsQuestion[] = [{ name: this.#instance, type: "ANY" }];
      const claims = this.#records().filter(({ type }) => type === "SRV");
      this.#host.send({ isResponse: false, id: 0, questions, records: [], claims });
      return;
    }
    if (this.#state === "probing") {
      this.#state = "announcing";
      this.#sent = 0;
      this.#conflicts = 0;
    }
    this.#sent++;
    this.#nextAt = this.#sent < ANNOUNCEMENTS ? now + ANNOUNCE_MS : Number.POSITIVE_INFINITY;
    this.#announce(now);
  }

  #announce(now: Millis): void {
    this.#answerAt = Number.POSITIVE_INFINITY;
    this.#answeredAt = now;
    this.#host.send(response(this.#records()));
  }

  /** Whether somebody else has the name. */
  #isConflict(record: MdnsRecord): boolean {
    return (
      record.type === "SRV" &&
      record.ttlSeconds > 0 &&
      sameName(record.name, this.#instance) &&
      !sameName(record.target, this.#hostName)
    );
  }

  /** Of two that claim a name at the same time the one whose data sorts later has it (RFC 6762, 8.2). */
  #yieldsTo(claim: MdnsRecord): boolean {
    if (claim.type !== "SRV") return false;
    const { port } = this.#service;
    return port === claim.port ? this.#hostName < claim.target : port < claim.port;
  }

  #contest(now: Millis): void {
    this.#conflicts++;
    this.#probe(now);
  }

  #rename(now: Millis): void {
    // Where that many are taken, any number will do.
    const next =
      this.#nameCount < MAX_NAME_COUNT ? this.#nameCount + 1 : MAX_NAME_COUNT + this.#rng.below(1_000_000);
    this.#nameCount = next;
    this.#name = publishableName(this.#service.name, ` (${next})`);
    this.#contest(now);
  }

  #isAsked({ name, type }: MdnsQuestion): boolean {
    const isAny = type === "ANY";
    if (sameName(name, this.#type) || sameName(name, ALL_SERVICES)) return isAny || type === "PTR";
    if (sameName(name, this.#instance)) return isAny || type === "SRV" || type === "TXT";
    return sameName(name, this.#hostName) && (isAny || type === "A" || type === "AAAA");
  }

  /** Who asks has the answer for at least half of its time (RFC 6762, 7.1). */
  #isKnown({ name, type }: MdnsQuestion, known: readonly MdnsRecord[]): boolean {
    if (type !== "PTR" || !sameName(name, this.#type)) return false;
    return known.some(
      (record) =>
        record.type === "PTR" &&
        record.ttlSeconds >= OTHER_TTL / 2 &&
        sameName(record.name, name) &&
        sameName(record.target, this.#instance),
    );
  }

  get #type(): string {
    return SERVICE_TYPES[this.#service.kind];
  }

  get #instance(): string {
    return `${this.#name}.${this.#type}`;
  }

  #records(otherTtl: number = OTHER_TTL, hostTtl: number = Math.min(otherTtl, HOST_TTL)): MdnsRecord[] {
    const { port, properties } = this.#service;
    const instance = this.#instance;
    const addresses = this.#host.addresses().map((host): MdnsRecord => {
      return { type: familyOf(host) === 6 ? "AAAA" : "A", name: this.#hostName, ttlSeconds: hostTtl, host };
    });
    return [
      { type: "PTR", name: this.#type, ttlSeconds: otherTtl, target: instance },
      // Others may have the type as well: it never says good-bye.
      ...(otherTtl === 0
        ? []
        : [{ type: "PTR", name: ALL_SERVICES, ttlSeconds: otherTtl, target: this.#type } as const]),
      { type: "SRV", name: instance, ttlSeconds: hostTtl, target: this.#hostName, port },
      { type: "TXT", name: instance, ttlSeconds: otherTtl, entries: properties },
      ...addresses,
    ];
  }
}

function response(records: readonly MdnsRecord[]): MdnsMessage {
  return { isResponse: true, id: 0, questions: [], records, claims: [] };
}
