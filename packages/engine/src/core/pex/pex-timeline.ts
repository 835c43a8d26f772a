/** Changes that are remembered for those who were not told yet; whoever is further behind misses the oldest. */
const MAX_CHANGES = 2_000;
/** Contacts of one message in each list (BEP 11); the first message to a peer may have more. */
const MAX_CONTACTS = 50;
const MAX_FIRST_CONTACTS = 200;

interface Change<T> {
  readonly contact: T;
  readonly joined: boolean;
}

/** What somebody is to be told, and how far that is. */
export interface PexNews<T> {
  readonly added: readonly T[];
  readonly dropped: readonly T[];
  /** For the next call. */
  readonly position: number;
}

/**
 * Who came and went in a swarm, in order (BEP 11): each peer that is told has just a position in it. Who came and went, or went and
 * came back, between two messages is in neither. Contacts are told apart by identity.
 */
export class PexTimeline<T> {
  readonly #present: Set<T> = new Set();
  #changes: Change<T>[] = [];
  /** Position of the first change that is remembered. */
  #start = 0;

  /** Behind the last change. */
  get end(): number {
    return this.#start + this.#changes.length;
  }

  join(contact: T): void {
    if (this.#present.has(contact)) return;
    this.#present.add(contact);
    this.#append({ contact, joined: true });
  }

  leave(contact: T): void {
    if (this.#present.delete(contact)) this.#append({ contact, joined: false });
  }

  /** For somebody who was told nothing yet: who is there now, the last ones first if there are too many. */
  begin(mayTell: (contact: T) => boolean): PexNews<T> {
    const added = [...this.#present].filter(mayTell).slice(-MAX_FIRST_CONTACTS);
    return { added, dropped: [], position: this.end };
  }

  /** For somebody who was told everything before `position`, or as much of it as fits into one message. */
  since(position: number, mayTell: (contact: T) => boolean): PexNews<T> {
    const added: Set<T> = new Set();
    const dropped: Set<T> = new Set();
    let at = Math.max(position, this.#start);
    for (; at < this.end; at++) {
      const { contact, joined } = this.#changes[at - this.#start]!;
      if (!mayTell(contact)) continue;
      const [to, from] = joined ? [added, dropped] : [dropped, added];
      if (from.delete(contact)) continue;
      if (to.size >= MAX_CONTACTS) break;
      to.add(contact);
    }
    return { added: [...added], dropped: [...dropped], position: at };
  }

  /** Nobody asks for what is before `position` any more. */
  forgetBefore(position: number): void {
    const count = Math.min(position, this.end) - this.#start;
    if (count <= 0) return;
    this.#changes.splice(0, count);
    this.#start += count;
  }

  #append(change: Change<T>): void {
    this.#changes.push(change);
    if (this.#changes.length > MAX_CHANGES) this.forgetBefore(this.#start + MAX_CHANGES / 2);
  }
}
