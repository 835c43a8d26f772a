import type { Endpoint } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import type { Answer } from "../../wire/krpc.ts";
import type { Contact } from "../../wire/krpc-contacts.ts";
import type { Lookup, LookupEvents, Urgency } from "./dht-types.ts";
import { type LookupHost, LookupTask, type OwnQuery, type Purpose } from "./lookup-task.ts";
import type { Candidate } from "./node-search.ts";
import type { Asker, Question } from "./questions.ts";
import type { Storage } from "./storage.ts";

const URGENCIES: readonly Urgency[] = ["urgent", "normal", "background"];

/** What lookups need of their node. */
export interface LookupsHost {
  readonly maxLookups: number;
  readonly storage: Storage;
  /** Nodes of our own table from which a search begins. */
  readonly startingNodes: (target: Uint8Array, now: Millis) => readonly Contact[];
  /** About how many nodes there are in the whole DHT. */
  readonly networkSize: () => number;
  readonly canAsk: (now: Millis) => boolean;
  readonly ask: (to: Endpoint, query: OwnQuery, asker: Asker, now: Millis) => Question;
  /** Nodes that somebody named: those of our family that may be contacted. */
  readonly usable: (answer: Answer, by: Endpoint, now: Millis) => readonly Contact[];
}

/** All lookups of a node: some run, the others wait; those that somebody waits for are served first, and equals in turn. */
export class Lookups implements LookupHost {
  readonly #host: LookupsHost;
  readonly #waiting: Record<Urgency, Set<LookupTask>> = {
    urgent: new Set(),
    normal: new Set(),
    background: new Set(),
  };
  readonly #running: Set<LookupTask> = new Set();
  /** Those of the running ones that may have something to ask, in the order of their turns. */
  readonly #ready: Record<Urgency, Set<LookupTask>> = {
    urgent: new Set(),
    normal: new Set(),
    background: new Set(),
  };

  constructor(host: LookupsHost) {
    this.#host = host;
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return URGENCIES.reduce((sum, urgency) => sum + this.#waiting[urgency].size, 0);
  }

  /** Whether `pump` would do something. */
  get hasWork(): boolean {
    return this.#mayStart() !== null || URGENCIES.some((urgency) => this.#ready[urgency].size > 0);
  }

  begin(purpose: Purpose, events: LookupEvents): Lookup {
    const task = new LookupTask(purpose, events, this);
    this.#waiting[task.urgency].add(task);
    return {
      get progress() {
        return task.progress;
      },
      cancel: () => {
        task.cancel();
        this.#drop(task);
      },
    };
  }

  /** Starts lookups and asks questions, as many as may be. */
  pump(now: Millis): void {
    for (let task = this.#mayStart(); task !== null; task = this.#mayStart()) {
      const starting = this.#host.startingNodes(task.target, now);
      // Without anybody to ask they wait until there is somebody.
      if (starting.length === 0) break;
      this.#waiting[task.urgency].delete(task);
      this.#running.add(task);
      const search = task.start(this.#host.networkSize(), now);
      for (const contact of starting) search.offer(contact, null);
      task.takeOwn(this.#host.storage, now);
      this.onReady(task);
    }
    for (const urgency of URGENCIES) {
      const ready = this.#ready[urgency];
      for (const task of ready) {
        if (!this.#host.canAsk(now)) return;
        ready.delete(task);
        const next = task.next(now);
        if (next === null) continue;
        task.onAsked(this.#host.ask(next.candidate.endpoint, next.query, task, now), next.candidate);
        this.onReady(task);
      }
    }
  }

  onReady(task: LookupTask): void {
    if (!task.isEnded) this.#ready[task.urgency].add(task);
  }

  onNodes(task: LookupTask, answer: Answer, by: Candidate, now: Millis): void {
    for (const contact of this.#host.usable(answer, by.endpoint, now)) task.search!.offer(contact, by);
  }

  onEnd(task: LookupTask): void {
    this.#drop(task);
  }

  #drop(task: LookupTask): void {
    this.#waiting[task.urgency].delete(task);
    this.#ready[task.urgency].delete(task);
    this.#running.delete(task);
  }

  /** The next in turn, if it may begin: what has time leaves most places to others. */
  #mayStart(): LookupTask | null {
    const { maxLookups } = this.#host;
    for (const urgency of URGENCIES) {
      const places = urgency === "background" ? Math.max(Math.floor(maxLookups / 4), 1) : maxLookups;
      if (this.#running.size >= places) continue;
      for (const task of this.#waiting[urgency]) return task;
    }
    return null;
  }
}
