import type { Family } from "../base/address.ts";
import type { ShoalError } from "../base/errors.ts";

export interface HttpGetOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
  /** Larger answers (after decompression) fail with ERR_HTTP. */
  readonly maxBytes: number;
  /** 0: what redirects is the answer itself, as is always what redirects to a magnet link. */
  readonly maxRedirects?: number;
  /** Only addresses of this family. */
  readonly family?: Family;
  /** Whether a URL, of those that are redirected to as well, may be asked of private addresses and of this machine; any by default. */
  readonly mayAskPrivate?: (url: URL) => boolean;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** Which bytes of a body are wanted (RFC 9110, section 14). */
export interface HttpRange {
  /** First byte. */
  readonly from: number;
  /** One past the last byte. */
  readonly to: number;
  /** Longest wait for the head of the answer, redirects included. */
  readonly headTimeoutMs: number;
}

/** Status and headers of an answer. */
export interface HttpHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** What answered, after redirects. */
  readonly url: string;
}

/** Receives an answer as it comes. Calls come one at a time, never from inside a call into the stream. */
export interface HttpSink {
  /** Once, first. False: the body is not wanted, and nothing more is called. */
  onHead(head: HttpHead): boolean;
  /** As they came: compression was not asked for, and none is undone. The bytes must not be kept. */
  onData(bytes: Uint8Array): void;
  /** Once, last. `error` (ERR_HTTP) is null when the body came whole. */
  onEnd(error: ShoalError | null): void;
}

/** An answer under way. */
export interface HttpStream {
  pause(): void;
  resume(): void;
  /** Idempotent. The sink is not called any more. */
  close(): void;
}

/** HTTP(S) GET with hard limits, for trackers, web seeds and .torrent URLs. Throws ShoalError ERR_HTTP. */
export interface Http {
  get(url: string, options: HttpGetOptions): Promise<HttpResponse>;
  /**
   * Address families over which the host of a URL can be asked; none where that can't be told, and the server is to be asked without saying
   * one. Throws ShoalError.
   */
  families(url: string): Promise<readonly Family[]>;
  /** Asks for a range of a body. URLs with a query are not asked of private addresses. */
  stream(url: string, range: HttpRange, sink: HttpSink): HttpStream;
  /** Closes kept connections. */
  close(): void;
}
