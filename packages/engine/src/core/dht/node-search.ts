import type { Endpoint } from "../../base/address.ts";
import { endpointKey } from "../../base/address.ts";
import { equalBytes } from "../../base/bytes.ts";
import type { Contact } from "../../wire/krpc-contacts.ts";
import { peerKey } from "../swarm/peer-key.ts";
import { compareDistance, distanceFraction } from "./distance.ts";

/** Nodes near a target that a search wants answers from (BEP 5: k). */
export const NEIGHBOURS = 8;
/** Most nodes that a search knows and asks. */
const MAX_CANDIDATES = 200;
const MAX_ASKED = 150;
/** Most neighbours when the surroundings of a target are crowded. */
const MAX_NEIGHBOURS = 40;
/** A node that named so many more that were false than true is not followed any further. */
const MAX_DEBT = 3;

/** A node that a search has heard of. */
export interface Candidate {
  id: Uint8Array;
  readonly endpoint: Endpoint;
  readonly host: string;
  state: "new" | "asked" | "slow" | "answered" | "failed";
  /** Who named it; null for one of our own table. */
  voucher: Candidate | null;
  /** How many of those it named did not answer or gave another id, less those that were as it said. */
  debt: number;
  /** Allows to store something there. */
  token: Uint8Array | null;
}

/**
 * Walks towards a target: which node to ask next, and when enough have answered (BEP 5). Liars are expected. They may name nodes that do not
 * exist: whose statements prove false is not followed. They may crowd around the target: a search goes on until it has also covered the
 * radius in which half as many nodes are to be expected, and among those are honest ones.
 */
export class NodeSearch {
  readonly target: Uint8Array;
  /** Distance, as a part of the whole space, that has to be covered. */
  readonly #radius: number;
  /** Nearest first. */
  readonly #candidates: Candidate[] = [];
  readonly #byEndpoint: Map<string, Candidate> = new Map();
  /** Addresses (or /64) that are being asked or have answered: one node each. */
  readonly #hosts: Set<string> = new Set();
  #asked = 0;
  #answered = 0;
  #inFlight = 0;

  constructor(target: Uint8Array, radius: number) {
    this.target = target;
    this.#radius = radius;
  }

  get asked(): number {
    return this.#asked;
  }

  get answered(): number {
    return this.#answered;
  }

  /** Questions that may still be answered in usual time. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Somebody (null: our own table) says that there is a node. */
  offer(contact: Contact, voucher: Candidate | null): void {
    const { id, endpoint } = contact;
    const key = endpointKey(endpoint.host, endpoint.port);
    const known = this.#byEndpoint.get(key);
    if (known !== undefined) {
      if (known.state !== "new") return;
      if (isDoubtful(known)) known.voucher = voucher;
      // Whoever claims to be nearer is asked sooner, and then we know.
      if (compareDistance(this.target, id, known.id) >= 0) return;
      this.#candidates.splice(this.#candidates.indexOf(known), 1);
      known.id = id;
      known.voucher = voucher;
      this.#insert(known);
      return;
    }
    const candidate: Candidate = {
      id,
      endpoint,
      host: peerKey(endpoint.host, endpoint.port),
      state: "new",
      voucher,
      debt: 0,
      token: null,
    };
    this.#byEndpoint.set(key, candidate);
    this.#insert(candidate);
    if (this.#candidates.length > MAX_CANDIDATES) this.#dropFarthest();
  }

  /** The node to ask now; null when all that matter are asked. */
  next(): Candidate | null {
    if (this.#asked >= MAX_ASKED) return null;
    for (const candidate of this.#walk()) {
      if (candidate.state === "new" && !this.#hosts.has(candidate.host)) return candidate;
    }
    return null;
  }

  /** Nobody is left to ask or to wait for. */
  isDone(): boolean {
    for (const { state, host } of this.#walk()) {
      if (state === "asked" || state === "slow") return false;
      if (state === "new" && this.#asked < MAX_ASKED && !this.#hosts.has(host)) return false;
    }
    return true;
  }

  /** Those nearest to the target that answered, nearest first. */
  neighbours(): Candidate[] {
    return [...this.#walk()].filter(({ state }) => state === "answered");
  }

  onAsked(candidate: Candidate): void {
    candidate.state = "asked";
    this.#hosts.add(candidate.host);
    this.#asked++;
    this.#inFlight++;
  }

  onSlow(candidate: Candidate): void {
    if (candidate.state !== "asked") return;
    candidate.state = "slow";
    this.#inFlight--;
  }

  onFailure(candidate: Candidate): void {
    if (candidate.state === "asked") this.#inFlight--;
    candidate.state = "failed";
    this.#hosts.delete(candidate.host);
    if (candidate.voucher !== null) candidate.voucher.debt++;
  }

  /** `id` is what the node calls itself, which counts from now on. */
  onAnswer(candidate: Candidate, id: Uint8Array, token: Uint8Array | null): void {
    if (candidate.state === "asked") this.#inFlight--;
    candidate.state = "answered";
    candidate.token = token;
    this.#answered++;
    const isTrue = equalBytes(candidate.id, id);
    if (candidate.voucher !== null) candidate.voucher.debt += isTrue ? -1 : 1;
    if (isTrue) return;
    this.#candidates.splice(this.#candidates.indexOf(candidate), 1);
    candidate.id = id;
    this.#insert(candidate);
  }

  /** Candidates from the nearest on that count, up to the end of the neighbourhood. */
  *#walk(): Generator<Candidate> {
    let answered = 0;
    for (const candidate of this.#candidates) {
      if (answered >= MAX_NEIGHBOURS) return;
      if (answered >= NEIGHBOURS && distanceFraction(this.target, candidate.id, 0) > this.#radius) return;
      if (candidate.state === "failed" || (candidate.state === "new" && isDoubtful(candidate))) continue;
      if (candidate.state === "answered") answered++;
      yield candidate;
    }
  }

  #insert(candidate: Candidate): void {
    let low = 0;
    let high = this.#candidates.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareDistance(this.target, this.#candidates[middle]!.id, candidate.id) <= 0) low = middle + 1;
      else high = middle;
    }
    this.#candidates.splice(low, 0, candidate);
  }

  #dropFarthest(): void {
    for (let i = this.#candidates.length - 1; i >= 0; i--) {
      const candidate = this.#candidates[i]!;
      if (candidate.state !== "new" && candidate.state !== "failed") continue;
      this.#candidates.splice(i, 1);
      this.#byEndpoint.delete(endpointKey(candidate.endpoint.host, candidate.endpoint.port));
      return;
    }
  }
}

function isDoubtful({ voucher }: Candidate): boolean {
  return voucher !== null && voucher.debt >= MAX_DEBT;
}
