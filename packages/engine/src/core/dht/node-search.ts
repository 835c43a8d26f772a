import { type Endpoint, endpointKey } from "../../base/address.ts";
import { equalBytes } from "../../base/bytes.ts";
import type { Contact } from "../../wire/krpc-contacts.ts";
import { peerKey } from "../swarm/peer-key.ts";
import { compareDistance, distanceFraction } from "./distance.ts";
import { belongsTo } from "./secure-id.ts";

/** Nodes near a target that a search wants answers from (BEP 5: k). */
export const NEIGHBOURS = 8;
/** Most nodes that a search knows and asks. */
const MAX_CANDIDATES = 200;
const MAX_ASKED = 150;
/** Most neighbours when the surroundings of a target are crowded. */
const MAX_NEIGHBOURS = 40;
/** Of the nodes that have to be expected around a target, how many are within the radius that a search covers. */
const COVERED = 6;
/** Who is so near that fewer than this are to be expected there has come on purpose. */
const TOO_NEAR = 1 / 16;
/** A node that named so many more that were false, or not heard of yet, than true is not followed any further. */
const MAX_DEBT = 5;
/** Names that were right make up for so many wrong ones. */
const MAX_CREDIT = 3;

/** A node that a search has heard of. */
export interface Candidate {
  id: Uint8Array;
  /** From the target, as a part of the whole space. */
  distance: number;
  readonly endpoint: Endpoint;
  readonly host: string;
  state: "new" | "asked" | "slow" | "answered" | "failed";
  /** Who named it; null for one of our own table. */
  voucher: Candidate | null;
  /** What somebody else said of it meanwhile. */
  second: { readonly id: Uint8Array; readonly voucher: Candidate } | null;
  /** How many of those it named did not answer (yet) or gave another id, less those that were as it said. */
  debt: number;
  /** Allows to store something there. */
  token: Uint8Array | null;
}

/**
 * Walks towards a target: which node to ask next, and when enough have answered (BEP 5). Liars are expected. They may name nodes that do not
 * exist: whose statements prove false is not followed. They may crowd around the target: that is nearer than honest nodes of a network of
 * that size can be, so those don't count, and a search goes on until enough others have answered and the radius is covered in which honest
 * nodes must be. Ids that belong to their addresses (BEP 42) can't be chosen, so with enough of these it ends at once.
 */
export class NodeSearch {
  readonly target: Uint8Array;
  readonly #radius: number;
  readonly #tooNear: number;
  /** Nearest first. */
  readonly #candidates: Candidate[] = [];
  readonly #byEndpoint: Map<string, Candidate> = new Map();
  /** Addresses (or /64) that are being asked or have answered: one node each. */
  readonly #hosts: Set<string> = new Set();
  /** Candidates before this index are the neighbourhood. */
  #end = 0;
  #next: Candidate | null = null;
  #isDone = false;
  /** Something has changed since the last look at the candidates. */
  #isStale = true;
  #asked = 0;
  #answered = 0;
  #inFlight = 0;

  /** `networkSize`: about how many nodes there are, 0 for not known. */
  constructor(target: Uint8Array, networkSize: number) {
    this.target = target;
    this.#radius = networkSize === 0 ? 0 : COVERED / networkSize;
    this.#tooNear = networkSize === 0 ? 0 : TOO_NEAR / networkSize;
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

  /** Nodes that did not answer in usual time. */
  get silent(): number {
    return this.#asked - this.#answered - this.#inFlight;
  }

  /** Somebody (null: our own table) says that there is a node. */
  offer({ id, endpoint }: Contact, voucher: Candidate | null): void {
    const key = endpointKey(endpoint.host, endpoint.port);
    const known = this.#byEndpoint.get(key);
    if (known !== undefined) {
      if (known.state !== "new" || voucher === null || voucher === known.voucher) return;
      known.second = { id, voucher };
      if (isDoubtful(known)) this.#takeSecond(known);
      return;
    }
    const candidate: Candidate = {
      id,
      distance: distanceFraction(this.target, id, 0),
      endpoint,
      host: peerKey(endpoint.host, endpoint.port),
      state: "new",
      voucher,
      second: null,
      debt: 0,
      token: null,
    };
    this.#byEndpoint.set(key, candidate);
    this.#insert(candidate);
    if (this.#candidates.length > MAX_CANDIDATES) this.#dropOne();
  }

  /** The node to ask now; null when all that matter are asked. */
  next(): Candidate | null {
    this.#look();
    return this.#next;
  }

  /** Nobody is left to ask or to wait for. */
  isDone(): boolean {
    this.#look();
    return this.#isDone;
  }

  /** Those nearest to the target that answered, nearest first. */
  neighbours(): Candidate[] {
    this.#look();
    return this.#candidates.slice(0, this.#end).filter(({ state }) => state === "answered");
  }

  onAsked(candidate: Candidate): void {
    candidate.state = "asked";
    this.#hosts.add(candidate.host);
    this.#asked++;
    this.#inFlight++;
    if (candidate.voucher !== null) candidate.voucher.debt++;
    this.#isStale = true;
  }

  onSlow(candidate: Candidate): void {
    if (candidate.state !== "asked") return;
    candidate.state = "slow";
    this.#inFlight--;
  }

  /** It did not answer in time. It may still do so later. */
  onFailure(candidate: Candidate): void {
    if (candidate.state === "asked") this.#inFlight--;
    candidate.state = "failed";
    this.#hosts.delete(candidate.host);
    this.#checkVoucher(candidate);
    this.#isStale = true;
  }

  /** `id` is what the node calls itself, which counts from now on. */
  onAnswer(candidate: Candidate, id: Uint8Array, token: Uint8Array | null): void {
    if (candidate.state === "asked") this.#inFlight--;
    candidate.state = "answered";
    candidate.token = token;
    this.#hosts.add(candidate.host);
    this.#answered++;
    this.#isStale = true;
    if (equalBytes(candidate.id, id)) {
      const { voucher } = candidate;
      if (voucher !== null) voucher.debt = Math.max(voucher.debt - 2, -MAX_CREDIT);
      return;
    }
    this.#checkVoucher(candidate);
    this.#rename(candidate, id);
  }

  /** Goes through the candidates from the nearest on, up to the end of the neighbourhood. */
  #look(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#next = null;
    this.#isDone = true;
    let answered = 0;
    let counted = 0;
    let proven = 0;
    let at = 0;
    for (; at < this.#candidates.length; at++) {
      if (answered >= MAX_NEIGHBOURS || proven >= NEIGHBOURS) break;
      const candidate = this.#candidates[at]!;
      const { state, distance } = candidate;
      if (counted >= NEIGHBOURS && distance > this.#radius) break;
      if (state === "answered") {
        const isProven = belongsTo(candidate.endpoint.host, candidate.id);
        answered++;
        if (isProven) proven++;
        if (isProven || distance >= this.#tooNear) counted++;
      } else if (state !== "failed") {
        if (state === "new") {
          if (this.#asked >= MAX_ASKED || isDoubtful(candidate) || this.#hosts.has(candidate.host)) continue;
          this.#next ??= candidate;
        }
        this.#isDone = false;
      }
    }
    this.#end = at;
  }

  /** Whoever named a node that proved false may have lost his credit: what he alone says counts no longer. */
  #checkVoucher({ voucher }: Candidate): void {
    if (voucher === null || voucher.debt < MAX_DEBT) return;
    for (const other of [...this.#candidates]) {
      if (other.voucher === voucher && other.state === "new" && other.second !== null)
        this.#takeSecond(other);
    }
  }

  #takeSecond(candidate: Candidate): void {
    const { id, voucher } = candidate.second!;
    candidate.voucher = voucher;
    candidate.second = null;
    this.#rename(candidate, id);
  }

  #rename(candidate: Candidate, id: Uint8Array): void {
    this.#candidates.splice(this.#candidates.indexOf(candidate), 1);
    candidate.id = id;
    candidate.distance = distanceFraction(this.target, id, 0);
    this.#insert(candidate);
  }

  #insert(candidate: Candidate): void {
    let low = 0;
    let high = this.#candidates.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isFarther(this.#candidates[middle]!, candidate)) high = middle;
      else low = middle + 1;
    }
    this.#candidates.splice(low, 0, candidate);
    this.#isStale = true;
  }

  #isFarther(a: Candidate, b: Candidate): boolean {
    if (a.distance !== b.distance) return a.distance > b.distance;
    return compareDistance(this.target, a.id, b.id) > 0;
  }

  /** The farthest that is not needed: one of somebody who is not followed, else any that was not asked. */
  #dropOne(): void {
    let victim = -1;
    for (let i = this.#candidates.length - 1; i >= 0; i--) {
      const candidate = this.#candidates[i]!;
      if (candidate.state !== "new") continue;
      if (victim < 0) victim = i;
      if (!isDoubtful(candidate)) continue;
      victim = i;
      break;
    }
    if (victim < 0) return;
    const [{ endpoint }] = this.#candidates.splice(victim, 1) as [Candidate];
    this.#byEndpoint.delete(endpointKey(endpoint.host, endpoint.port));
    this.#isStale = true;
  }
}

function isDoubtful({ voucher }: Candidate): boolean {
  return voucher !== null && voucher.debt >= MAX_DEBT;
}
