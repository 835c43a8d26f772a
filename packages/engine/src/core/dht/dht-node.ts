import { type Endpoint, type Family, familyOf, isBogon, mayTell, nearnessOf } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import { copyBytes, equalBytes } from "../../base/bytes.ts";
import { validOrNull } from "../../base/errors.ts";
import { TokenBucket } from "../../base/token-bucket.ts";
import {
  type Answer,
  decodeKrpc,
  encodeError,
  encodeQuery,
  type KrpcAnswer,
  type KrpcPacket,
} from "../../wire/krpc.ts";
import { type Contact, ID_BYTES } from "../../wire/krpc-contacts.ts";
import { peerKey } from "../swarm/peer-key.ts";
import { Answers } from "./answers.ts";
import { AskerLimits } from "./asker-limits.ts";
import { decodeDhtState, encodeDhtState } from "./dht-state.ts";
import type {
  Announce,
  DhtConfig,
  DhtParts,
  DhtStats,
  ItemLookup,
  Lookup,
  LookupEvents,
  MutablePut,
  PeerLookup,
  SampleLookup,
} from "./dht-types.ts";
import { FickleNodes } from "./fickle-nodes.ts";
import { checkItemKey, checkItemValue, NO_SALT, unusable } from "./items.ts";
import type { OwnQuery, Purpose } from "./lookup-task.ts";
import { Lookups } from "./lookups.ts";
import { NEIGHBOURS } from "./node-search.ts";
import { findItem, findNode, findPeers, putImmutable, putMutable, sampleInfohashes } from "./purposes.ts";
import { type Asker, type Question, Questions } from "./questions.ts";
import { RoutingTable } from "./routing-table.ts";
import { isSecureId, secureId } from "./secure-id.ts";
import { Storage } from "./storage.ts";
import { TableUpkeep } from "./table-upkeep.ts";
import { Tokens } from "./tokens.ts";

/** Bytes of answers per second, all askers together. */
const ANSWER_RATE = 8_000;
/** Bytes of answers that may go out at once after a silence, in seconds of the rate. */
const ANSWER_BURST_SECONDS = 4;
/** Queries of our own per second. */
const QUERY_RATE = 400;
const MAX_LOOKUPS = 16;
/** Fewer nodes than this in the other family's table, and ours are asked for such ones (BEP 32). */
const FEW_NODES = 16;

/**
 * A node of the DHT for one address family (BEP 5, 32, 33, 42 to 45, 51). No sockets and no timers: packets go in by `onPacket` and out
 * by `parts.send`; after every call, `nextDeadline` says when `onTime` is to be called.
 */
export class DhtNode {
  readonly #config: DhtConfig;
  readonly #parts: DhtParts;
  readonly #table: RoutingTable;
  readonly #storage: Storage;
  readonly #answers: Answers;
  readonly #questions: Questions;
  readonly #lookups: Lookups;
  readonly #upkeep: TableUpkeep;
  readonly #limits = new AskerLimits();
  readonly #fickle = new FickleNodes();
  readonly #answerBudget: TokenBucket;
  readonly #queryBudget: TokenBucket;
  /** Who hears of pings: only whether there is room for the next. */
  readonly #pinger: Asker = {
    onAnswer: () => this.#upkeep.onTried(),
    onSlow: () => {},
    onOverdue: () => {},
    onFailure: () => this.#upkeep.onTried(),
  };
  #id: Uint8Array;
  #sibling: DhtNode | null = null;
  /** Whether the network works is told by the last answer. */
  #answeredAt: Millis = Number.NEGATIVE_INFINITY;
  readonly #counts = { packetsIn: 0, packetsOut: 0, bytesIn: 0, bytesOut: 0, packetsIgnored: 0 };

  /** `saved`: what `state` gave in an earlier life; bytes that make no sense are as good as null. */
  constructor(config: DhtConfig, parts: DhtParts, saved: Uint8Array | null, now: Millis) {
    const { family, answerRate = ANSWER_RATE } = config;
    const { sha1, verify, randomBytes } = parts;
    this.#config = config;
    this.#parts = parts;
    const state = saved === null ? null : decodeDhtState(saved, family);
    this.#id = state?.id ?? this.#randomId();
    this.#table = new RoutingTable(this.#id, family);
    this.#answerBudget = new TokenBucket(answerRate, answerRate * ANSWER_BURST_SECONDS, now);
    this.#queryBudget = new TokenBucket(QUERY_RATE, QUERY_RATE / 4, now);
    this.#storage = new Storage(family, sha1, () => this.#random(), now);
    this.#questions = new Questions(randomBytes);
    this.#answers = new Answers({
      family,
      ownId: () => this.#id,
      storage: this.#storage,
      tokens: new Tokens(sha1, randomBytes, now),
      nodesNear: (target, wanted, asker, at) => this.#nodesNear(target, wanted, asker, at),
      sha1,
      verify,
      onPeer: (infoHash, peer) => parts.onAnnounce?.(infoHash, peer),
      onProven: ({ host, port }, at) => this.#limits.onProven(peerKey(host, port), at),
    });
    const canAsk = (at: Millis): boolean => !this.#questions.isFull && this.#queryBudget.readyAt(1, at) <= at;
    this.#lookups = new Lookups({
      maxLookups: config.maxLookups ?? MAX_LOOKUPS,
      storage: this.#storage,
      networkSize: () => this.#table.networkSize(),
      canAsk,
      startingNodes: (target, at) => {
        const nodes = this.#table.closest(target, 2 * NEIGHBOURS, "usable", at);
        return nodes.length > 0 ? nodes : this.#table.closest(target, 2 * NEIGHBOURS, "any", at);
      },
      ask: (to, query, asker, at) => this.#ask(to, query, asker, at),
      usable: (answer, by, at) => this.#usable(answer, by, at),
    });
    this.#upkeep = new TableUpkeep({
      canAsk,
      ping: (endpoint, at) => this.#ask(endpoint, { method: "ping" }, this.#pinger, at),
      lookUp: (target) => this.#maintain(target),
      randomId: () => this.#randomId(),
      random: () => this.#random() / 2 ** 32,
    });
    for (const { endpoint } of state?.nodes ?? []) this.addNode(endpoint);
  }

  get id(): Uint8Array {
    return this.#id;
  }

  /** Nodes in the routing table. */
  get size(): number {
    return this.#table.size;
  }

  /** A datagram that came in. Takes anything; what makes no sense is counted and forgotten. */
  onPacket(bytes: Uint8Array, from: Endpoint, now: Millis): void {
    this.#counts.packetsIn++;
    this.#counts.bytesIn += bytes.length;
    const packet = this.#isOfFamily(from) ? validOrNull(() => decodeKrpc(bytes)) : null;
    if (packet === null || !this.#take(packet, bytes.length, from, now)) this.#counts.packetsIgnored++;
    this.#lookups.pump(now);
  }

  /** Does what is due. Early and late calls do no harm. */
  onTime(now: Millis): void {
    this.#questions.onTime(now, (question) => {
      // When nobody at all answers it is our own network that is down.
      if (this.#answeredAt >= question.askedAt) this.#table.onFailure(question.to, now);
    });
    this.#upkeep.onTime(this.#table, now);
    this.#storage.onTime(now);
    this.#lookups.pump(now);
  }

  /** When `onTime` is to be called; in the past for at once, Infinity for not at all. */
  nextDeadline(now: Millis): Millis {
    return Math.min(this.#questions.nextDeadline(), this.#nextQuestionAt(now), this.#storage.nextDeadline());
  }

  /** Our address as others see it: the id is changed when it does not belong to it (BEP 42). */
  setExternalAddress(host: string, now: Millis): void {
    if (isBogon(host) || familyOf(host) !== this.#config.family || isSecureId(host, this.#id)) return;
    this.#id = secureId(host, this.#randomId());
    this.#table.rehome(this.#id, now);
    if (this.#table.size > 0) this.#upkeep.lookAround(now);
  }

  /** The node of the other family, to exchange nodes with (BEP 32, 45). To be called on both. */
  setSibling(sibling: DhtNode): void {
    this.#sibling = sibling;
  }

  /** Somebody says that there is a node: it is asked before it is believed. Addresses that may not be contacted are left alone. */
  addNode(endpoint: Endpoint): void {
    if (this.#mayContact(endpoint)) this.#upkeep.addHint(endpoint);
  }

  /** Peers of a torrent. `infoHash`: 20 bytes, of a v2 torrent the first 20. */
  getPeers(infoHash: Uint8Array, events: PeerLookup): Lookup {
    return this.#begin(findPeers(id(infoHash), events, null, this.#parts.sha1), events);
  }

  /** Looks for peers, then tells the nearest nodes that we are one. */
  announce(infoHash: Uint8Array, announce: Announce): Lookup {
    return this.#begin(findPeers(id(infoHash), announce, announce, this.#parts.sha1), announce);
  }

  /** An item by its target: SHA-1 of the value, or of public key and salt (BEP 44). */
  getItem(target: Uint8Array, events: ItemLookup): Lookup {
    return this.#begin(findItem(id(target), events, this.#parts), events);
  }

  /** Stores bencode of at most 1000 bytes under its SHA-1 (BEP 44). Throws ERR_INVALID_ARGUMENT for anything else. */
  putImmutable(value: Uint8Array, events: LookupEvents): Lookup {
    checkItemValue(value);
    return this.#begin(putImmutable(copyBytes(value), this.#parts.sha1), events);
  }

  /** Stores a signed item under its key and salt (BEP 44). Throws ERR_INVALID_ARGUMENT when these have the wrong length. */
  putMutable(put: MutablePut): Lookup {
    checkItemKey(put.publicKey, put.salt ?? NO_SALT);
    return this.#begin(putMutable(put, this.#parts), put);
  }

  /** Asks nodes near a target for info-hashes they know (BEP 51). */
  sampleInfohashes(target: Uint8Array, events: SampleLookup): Lookup {
    return this.#begin(sampleInfohashes(id(target), events), events);
  }

  /** Our id and the nodes we know, to be given to the constructor next time. */
  state(): Uint8Array {
    return encodeDhtState({ id: this.#id, nodes: this.#table.contacts() }, this.#config.family);
  }

  stats(now: Millis): DhtStats {
    return {
      nodes: this.#table.size,
      goodNodes: this.#table.countGood(now),
      networkSize: Math.round(this.#table.networkSize()),
      ...this.#counts,
      lookupsRunning: this.#lookups.running,
      lookupsWaiting: this.#lookups.waiting,
      storedTorrents: this.#storage.torrentCount,
      storedPeers: this.#storage.peerCount,
      storedItems: this.#storage.itemCount,
    };
  }

  /** False when nothing was done with the packet, which had so many bytes. */
  #take(packet: KrpcPacket, bytes: number, from: Endpoint, now: Millis): boolean {
    if (packet.kind === "query" || packet.kind === "bad-query") {
      const host = peerKey(from.host, from.port);
      const isWelcome = this.#config.readOnly !== true && this.#limits.accept(host, now);
      if (!isWelcome || this.#answerBudget.available(now) <= 0) return false;
      const answer = this.#answerTo(packet, bytes, host, from, now);
      this.#limits.onAnswered(host, bytes, answer.length, now);
      this.#answerBudget.spend(answer.length, now);
      this.#send(answer, from);
      return true;
    }
    const question = this.#questions.take(packet.transaction, from, now);
    if (question === null) return false;
    this.#answeredAt = now;
    if (packet.ip !== null && this.#isOfFamily(packet.ip))
      this.#parts.onExternalAddress?.(packet.ip.host, from);
    if (packet.kind === "error") question.asker.onFailure(question, now);
    else this.#takeAnswer(question, packet, now);
    return true;
  }

  #takeAnswer(question: Question, packet: KrpcAnswer, now: Millis): void {
    // Our own voice, or somebody who takes our name: nobody to talk to.
    if (equalBytes(packet.id, this.#id)) return question.asker.onFailure(question, now);
    if (this.#fickle.onAnswer(packet.id, question.to, now)) {
      this.#table.remove(question.to);
      return question.asker.onFailure(question, now);
    }
    const wasEmpty = this.#table.size === 0;
    this.#table.onAnswer(packet.id, question.to, now);
    if (wasEmpty && this.#table.size > 0) this.#upkeep.lookAround(now);
    question.asker.onAnswer(question, packet, now);
  }

  #answerTo(packet: KrpcQuestion, bytes: number, host: string, from: Endpoint, now: Millis): Uint8Array {
    const { transaction } = packet;
    if (packet.kind === "bad-query") return encodeError(transaction, packet.code, packet.message, from);
    const isProven = this.#table.hasAnswered(from);
    const mayJoin = !packet.readOnly && this.#mayContact(from);
    if (mayJoin && this.#table.onQuery(packet.id, from, now)) this.#upkeep.onNewcomer(now);
    const room = isProven ? Number.POSITIVE_INFINITY : this.#limits.room(host, bytes, now);
    return this.#answers.answer(packet.query, { transaction, from, now, room });
  }

  #ask(to: Endpoint, query: OwnQuery, asker: Asker, now: Millis): Question {
    this.#queryBudget.spend(1, now);
    const { transaction, question } = this.#questions.add(to, asker, now);
    this.#send(encodeQuery(transaction, this.#id, query, this.#config.readOnly === true), to);
    return question;
  }

  #send(bytes: Uint8Array, to: Endpoint): void {
    this.#counts.packetsOut++;
    this.#counts.bytesOut += bytes.length;
    this.#parts.send(bytes, to);
  }

  #begin(purpose: Purpose, events: LookupEvents): Lookup {
    return this.#lookups.begin(purpose, events);
  }

  /** Our own surroundings, or another part of the table. */
  #maintain(target: Uint8Array | null): void {
    const needy = this.#sibling !== null && this.#sibling.#table.size < FEW_NODES;
    const purpose = findNode(target ?? this.#id, target === null && needy ? { n4: true, n6: true } : null);
    this.#begin(purpose, { urgency: target === null ? "urgent" : "background" });
  }

  /** When somebody wants to ask something and the budget allows it. */
  #nextQuestionAt(now: Millis): Millis {
    // Room among the open questions comes with an answer, or with the end of one.
    if (this.#questions.isFull) return Number.POSITIVE_INFINITY;
    const hasWork = this.#table.size > 0 && this.#lookups.hasWork;
    const due = hasWork ? now : this.#upkeep.nextDeadline();
    return due === Number.POSITIVE_INFINITY ? due : Math.max(due, this.#queryBudget.readyAt(1, now));
  }

  #nodesNear(target: Uint8Array, family: Family, asker: Endpoint, now: Millis): readonly Contact[] {
    const node = family === this.#config.family ? this : this.#sibling;
    return node === null ? [] : node.#table.closest(target, NEIGHBOURS, "good", now, nearnessOf(asker.host));
  }

  /** Nodes that the one at `by` named. */
  #usable(answer: Answer, by: Endpoint, now: Millis): readonly Contact[] {
    const fits = ({ endpoint }: Contact): boolean => mayTell(endpoint.host, by.host);
    const [own, others] =
      this.#config.family === 4 ? [answer.nodes, answer.nodes6] : [answer.nodes6, answer.nodes];
    if (this.#sibling !== null && this.#sibling.#table.size < FEW_NODES) {
      for (const { endpoint } of others.slice(0, NEIGHBOURS).filter(fits)) this.#sibling.addNode(endpoint);
    }
    return own
      .slice(0, 2 * NEIGHBOURS)
      .filter(
        (contact) =>
          fits(contact) &&
          this.#mayContact(contact.endpoint) &&
          !this.#fickle.has(contact.endpoint, now) &&
          !equalBytes(contact.id, this.#id),
      );
  }

  #mayContact(endpoint: Endpoint): boolean {
    return this.#isOfFamily(endpoint) && (this.#config.mayContact?.(endpoint) ?? true);
  }

  #isOfFamily({ host, port }: Endpoint): boolean {
    return port > 0 && familyOf(host) === this.#config.family && !isBogon(host);
  }

  #random(): number {
    const [a, b, c, d] = this.#parts.randomBytes(new Uint8Array(4));
    return ((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0;
  }

  #randomId(): Uint8Array {
    return this.#parts.randomBytes(new Uint8Array(ID_BYTES));
  }
}

type KrpcQuestion = Extract<KrpcPacket, { readonly kind: "query" | "bad-query" }>;

function id(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== ID_BYTES) throw unusable("A target in the DHT has 20 bytes");
  return copyBytes(bytes);
}
