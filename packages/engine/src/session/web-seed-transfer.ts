import type { FileIndex, Millis } from "../base/brand.ts";
import type { ShoalError } from "../base/errors.ts";
import { type AnswerVerdict, judgeAnswer } from "../core/web-seed/answer.ts";
import { BlockReader, type BlockVisitor } from "../core/web-seed/block-reader.ts";
import type { Run } from "../core/web-seed/run-queue.ts";
import { BLOCK_SIZE, type Layout, type LayoutFile } from "../meta/layout.ts";
import type { Http, HttpHead, HttpSink, HttpStream } from "../ports/http.ts";

const HEAD_TIMEOUT_MS: Millis = 20_000;
const ZEROS = new Uint8Array(BLOCK_SIZE);

/** How a transfer ended. "done": what the server had to say has come; that may be less than was asked for. */
export type TransferEnd =
  | { readonly kind: "done" }
  | (Exclude<AnswerVerdict, { kind: "take" }> & { readonly file: LayoutFile });

export interface TransferOwner {
  urlOf(file: LayoutFile): string;
  onRedirected(file: FileIndex, url: string): void;
  readonly take: BlockVisitor;
  /** Bytes came; blocks have been handed over. */
  afterData(): void;
  /** Once; not after `close`. */
  onEnd(transfer: WebSeedTransfer, end: TransferEnd): void;
}

/** The part of one file in a run; of a pad there is nothing to ask for. */
interface Span {
  readonly file: LayoutFile;
  readonly from: number;
  readonly length: number;
}

/** Fetches one run from a web seed: a request for each file under it, one after another. */
export class WebSeedTransfer implements HttpSink {
  readonly run: Run;
  /** Bytes of the run that have come. */
  received = 0;
  readonly #http: Http;
  readonly #owner: TransferOwner;
  readonly #reader: BlockReader;
  readonly #spans: Span[] = [];
  #at = 0;
  #stream: HttpStream | null = null;
  /** Bytes to throw away, then to take, of the present answer. */
  #skip = 0;
  #left = 0;
  /** The answer under way ends before the span does. */
  #isShort = false;
  #paused = false;
  #closed = false;

  constructor(http: Http, owner: TransferOwner, layout: Layout, run: Run) {
    this.#http = http;
    this.#owner = owner;
    this.run = run;
    this.#reader = new BlockReader(layout, run.piece, run.begin, (piece, begin, buffer, offset, length) => {
      if (!this.#closed) owner.take(piece, begin, buffer, offset, length);
    });
    const start = run.piece * layout.pieceLength + run.begin;
    layout.spans(start, run.length, (file, from, length) => this.#spans.push({ file, from, length }));
  }

  start(): void {
    this.#next();
  }

  pause(): void {
    this.#paused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream?.resume();
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#stream?.close();
    this.#stream = null;
  }

  onHead(head: HttpHead): boolean {
    const { file, from, length } = this.#spans[this.#at]!;
    const verdict = judgeAnswer(head, { from, to: from + length, fileSize: file.size });
    if (verdict.kind !== "take") {
      this.#end({ ...verdict, file });
      return false;
    }
    if (head.url !== this.#owner.urlOf(file)) this.#owner.onRedirected(file.index, head.url);
    this.#skip = verdict.skip;
    this.#left = verdict.length;
    this.#isShort = verdict.length < length;
    return true;
  }

  onData(bytes: Uint8Array): void {
    const from = Math.min(this.#skip, bytes.length);
    const to = Math.min(bytes.length, from + this.#left);
    this.#skip -= from;
    this.#left -= to - from;
    if (to > from) this.#take(bytes.subarray(from, to));
    if (this.#closed) return;
    this.#owner.afterData();
    // What comes after that is of no use, and may have no end.
    if (this.#left > 0 || to === bytes.length) return;
    this.#stream?.close();
    this.onEnd(null);
  }

  onEnd(error: ShoalError | null): void {
    if (this.#closed) return;
    const { file } = this.#spans[this.#at]!;
    this.#stream = null;
    if (error !== null) this.#end({ kind: "failed", message: error.message, file });
    else if (this.#left > 0) this.#end({ kind: "failed", message: "its answer ends too early", file });
    else if (this.#isShort && this.received < BLOCK_SIZE)
      this.#end({ kind: "failed", message: "it sends less than it was asked for", file });
    else if (this.#isShort) this.#end({ kind: "done" });
    else {
      this.#at++;
      this.#next();
    }
  }

  #next(): void {
    for (let span = this.#spans[this.#at]; !this.#closed; span = this.#spans[++this.#at]) {
      if (span === undefined) {
        this.#end({ kind: "done" });
        return;
      }
      const { file, from, length } = span;
      if (!file.pad) {
        const range = { from, to: from + length, headTimeoutMs: HEAD_TIMEOUT_MS };
        this.#stream = this.#http.stream(this.#owner.urlOf(file), range, this);
        if (this.#paused) this.#stream.pause();
        return;
      }
      for (let left = length; left > 0; left -= BLOCK_SIZE)
        this.#take(left < BLOCK_SIZE ? ZEROS.subarray(0, left) : ZEROS);
    }
  }

  #take(bytes: Uint8Array): void {
    this.received += bytes.length;
    this.#reader.push(bytes);
  }

  #end(end: TransferEnd): void {
    if (this.#closed) return;
    this.close();
    this.#owner.onEnd(this, end);
  }
}
