import { extname } from "node:path";
import { MessageChannel, Worker, receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { ShoalError } from "../base/errors.ts";
import {
  COMPLETION_FIELDS,
  COMPLETION_TAIL,
  DIGEST_OFFSET,
  FLAG_FAULT,
  FLAG_PAYLOAD,
  FLAG_ROOT,
  FLAG_SHA1,
  MAIN_SLEEPS,
  OP_EXIT,
  REQUEST_FIELDS,
  REQUEST_TAIL,
  RING_SLOTS,
  createChannel,
} from "./disk-channel.ts";
import type { DiskChannel } from "./disk-channel.ts";
import { faultError } from "./disk-fault.ts";
import type { DiskFault } from "./disk-fault.ts";
import type { DiskWorkerData } from "./disk-worker.ts";

/** What a worker sends back besides success. */
interface LinkResult {
  readonly sha1: Uint8Array | null;
  readonly root: Uint8Array | null;
  readonly payload: unknown;
}

export type LinkDone = (error: ShoalError | null, result: LinkResult | null) => void;

interface Request {
  readonly kind: number;
  readonly storage: number;
  readonly piece: number;
  readonly begin: number;
  readonly arenaOffset: number;
  readonly length: number;
  readonly payload: unknown;
  readonly done: LinkDone | null;
}

/**
 * The main thread's end of one disk worker. The worker starts with the first request, keeps the process alive only while
 * requests are under way, and answers them in order. If it dies, what is under way fails and the next request starts
 * another one (`generation` tells callers that it knows nothing of what went before).
 *
 * The worker waits in `Atomics.wait`; this side is woken by an empty message, but only after it said that it sleeps, so a
 * busy main thread takes many completions per wake-up (measured: 10 µs of main thread for a run alone, 1 µs batched).
 */
export class DiskLink {
  readonly #name: string;
  readonly #arena: Uint8Array;
  readonly #reads: Uint8Array;
  readonly #openFiles: number;
  readonly #done: (LinkDone | null)[] = new Array<LinkDone | null>(RING_SLOTS).fill(null);
  readonly #waiting: Request[] = [];
  #worker: Worker | null = null;
  #port: MessagePort | null = null;
  #channel: DiskChannel = createChannel();
  #digests: Uint8Array = new Uint8Array(0);
  #tail: number = 0;
  #head: number = 0;
  #generation: number = 0;
  #stopping: boolean = false;

  constructor(name: string, arena: Uint8Array, reads: Uint8Array, openFiles: number) {
    this.#name = name;
    this.#arena = arena;
    this.#reads = reads;
    this.#openFiles = openFiles;
  }

  /** Changes when a worker starts and when it ends: what was told to another one is forgotten. 0: none started yet. */
  get generation(): number {
    return this.#generation;
  }

  /** Starts the worker if none runs. */
  start(): void {
    if (this.#worker !== null) return;
    const { port1, port2 } = new MessageChannel();
    this.#channel = createChannel();
    this.#digests = new Uint8Array(this.#channel.completions.buffer);
    this.#tail = 0;
    this.#head = 0;
    this.#generation++;
    const data: DiskWorkerData = {
      channel: this.#channel,
      arena: this.#arena,
      reads: this.#reads,
      port: port2,
      openFiles: this.#openFiles,
    };
    // From source the worker is a .ts file, from dist a .js file; the name of this very file tells which.
    const extension = extname(import.meta.url);
    const entry = new URL(`./disk-worker${extension}`, import.meta.url);
    // Flags of the process may not suit a worker (`--input-type`), but from source those that run TypeScript are needed.
    const execArgv = extension === ".js" ? [] : process.execArgv;
    const worker = new Worker(entry, { name: this.#name, workerData: data, transferList: [port2], execArgv });
    worker.unref();
    Atomics.store(this.#channel.control, MAIN_SLEEPS, 1);
    worker.on("message", () => this.#drain());
    let cause: unknown = null;
    worker.on("error", (error) => (cause = error));
    worker.on("exit", () => this.#onExit(worker, cause));
    this.#worker = worker;
    this.#port = port1;
  }

  /** Queues a request. `done` is called later, also for a worker that dies. `payload` is cloned to the worker first. */
  post(
    kind: number,
    storage: number,
    piece: number,
    begin: number,
    arenaOffset: number,
    length: number,
    payload: unknown,
    done: LinkDone | null,
  ): void {
    this.start();
    if (((this.#tail - this.#head) | 0) >= RING_SLOTS || this.#waiting.length > 0) {
      this.#waiting.push({ kind, storage, piece, begin, arenaOffset, length, payload, done });
      return;
    }
    this.#send(kind, storage, piece, begin, arenaOffset, length, payload, done);
  }

  /** Ends the worker after all requests under way. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    if (worker === null) return;
    const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    this.#stopping = true;
    worker.ref();
    this.post(OP_EXIT, 0, 0, 0, 0, 0, null, null);
    await exited;
  }

  #send(
    kind: number,
    storage: number,
    piece: number,
    begin: number,
    arenaOffset: number,
    length: number,
    payload: unknown,
    done: LinkDone | null,
  ): void {
    if (this.#tail === this.#head) this.#worker?.ref();
    if (payload !== null) this.#port?.postMessage(payload);
    const slot = this.#tail & (RING_SLOTS - 1);
    const at = slot * REQUEST_FIELDS;
    const { control, requests } = this.#channel;
    this.#done[slot] = done;
    requests[at] = slot;
    requests[at + 1] = kind;
    requests[at + 2] = storage;
    requests[at + 3] = piece;
    requests[at + 4] = begin;
    requests[at + 5] = arenaOffset;
    requests[at + 6] = length;
    this.#tail = (this.#tail + 1) | 0;
    Atomics.store(control, REQUEST_TAIL, this.#tail);
    Atomics.notify(control, REQUEST_TAIL, 1);
  }

  /** Takes all completions, then goes to sleep unless one came in between. */
  #drain(): void {
    const { control } = this.#channel;
    for (;;) {
      while (this.#head !== Atomics.load(control, COMPLETION_TAIL)) this.#takeOne();
      Atomics.store(control, MAIN_SLEEPS, 1);
      if (this.#head === Atomics.load(control, COMPLETION_TAIL)) break;
      if (Atomics.exchange(control, MAIN_SLEEPS, 0) === 0) break;
    }
    if (this.#head === this.#tail && this.#waiting.length === 0 && !this.#stopping) this.#worker?.unref();
  }

  #takeOne(): void {
    const slot = this.#head & (RING_SLOTS - 1);
    const at = slot * COMPLETION_FIELDS;
    const flags = this.#channel.completions[at + 1] as number;
    const done = this.#done[slot] as LinkDone | null;
    this.#done[slot] = null;
    let error: ShoalError | null = null;
    let result: LinkResult | null = null;
    if ((flags & FLAG_FAULT) !== 0) error = faultError(this.#receive() as DiskFault);
    else if (flags !== 0) result = this.#resultAt(at * 4 + DIGEST_OFFSET, flags);
    this.#head = (this.#head + 1) | 0;
    if (this.#waiting.length > 0) this.#sendWaiting();
    if (done !== null) callSafely(done, error, result);
  }

  #resultAt(place: number, flags: number): LinkResult {
    return {
      sha1: (flags & FLAG_SHA1) === 0 ? null : this.#digests.slice(place, place + 20),
      root: (flags & FLAG_ROOT) === 0 ? null : this.#digests.slice(place + 20, place + 52),
      payload: (flags & FLAG_PAYLOAD) === 0 ? null : this.#receive(),
    };
  }

  #receive(): unknown {
    return this.#port === null ? null : receiveMessageOnPort(this.#port)?.message;
  }

  #sendWaiting(): void {
    const next = this.#waiting.shift() as Request;
    const { kind, storage, piece, begin, arenaOffset, length, payload, done } = next;
    this.#send(kind, storage, piece, begin, arenaOffset, length, payload, done);
  }

  #onExit(worker: Worker, cause: unknown): void {
    if (worker !== this.#worker) return;
    this.#drain();
    const lost: (LinkDone | null)[] = [];
    for (; this.#head !== this.#tail; this.#head = (this.#head + 1) | 0) {
      const slot = this.#head & (RING_SLOTS - 1);
      lost.push(this.#done[slot] as LinkDone | null);
      this.#done[slot] = null;
    }
    for (const { done } of this.#waiting.splice(0)) lost.push(done);
    this.#port?.close();
    this.#worker = null;
    this.#port = null;
    this.#generation++;
    this.#stopping = false;
    const error = new ShoalError("ERR_DISK", "a disk worker stopped unexpectedly", {}, cause);
    for (const done of lost) if (done !== null) callSafely(done, error, null);
  }
}

/** An error thrown by a caller's callback surfaces as uncaught, but later: other completions must not be lost over it. */
function callSafely(done: LinkDone, error: ShoalError | null, result: LinkResult | null): void {
  try {
    done(error, result);
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}
