import type { IncomingMessage } from "node:http";
import { ShoalError } from "../base/errors.ts";
import type { HttpSink, HttpStream } from "../ports/http.ts";
import { systemCode } from "./socket-error.ts";

/** A body that is not wanted is read to its end, so that the connection can be kept, when it is no longer than this. */
const MAX_DRAINED = 65_536;

/** An answer whose body has not been read. */
export interface Answer {
  readonly response: IncomingMessage;
  /** What answered, after redirects. */
  readonly url: string;
}

/** An answer under way; see `HttpStream`. `open` makes the request. */
export class ResponseStream implements HttpStream {
  readonly #sink: HttpSink;
  readonly #ending: AbortController = new AbortController();
  readonly #name: string;
  #response: IncomingMessage | null = null;
  #headTimer: ReturnType<typeof setTimeout> | null = null;
  #paused = false;
  #closed = false;

  constructor(
    sink: HttpSink,
    headTimeoutMs: number,
    url: string,
    open: (signal: AbortSignal) => Promise<Answer>,
  ) {
    this.#sink = sink;
    this.#name = URL.canParse(url) ? new URL(url).host : "the server";
    this.#headTimer = setTimeout(() => {
      this.#headTimer = null;
      this.#fail(noAnswer(this.#name, headTimeoutMs));
    }, headTimeoutMs);
    open(this.#ending.signal).then(
      (answer) => this.#onAnswer(answer),
      (error: unknown) => this.#fail(error),
    );
  }

  pause(): void {
    this.#paused = true;
    this.#response?.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#closed) this.#response?.resume();
  }

  close(): void {
    if (this.#closed) return;
    this.#end();
    this.#ending.abort();
    this.#response?.destroy();
  }

  #onAnswer({ response, url }: Answer): void {
    // Stays for good: an error may follow the end.
    response.on("error", (error) => this.#fail(error));
    if (this.#closed) {
      response.destroy();
      return;
    }
    this.#response = response;
    if (this.#headTimer !== null) clearTimeout(this.#headTimer);
    this.#headTimer = null;
    if (!this.#sink.onHead({ status: response.statusCode ?? 0, headers: plainHeaders(response), url })) {
      this.#end();
      drain(response);
      return;
    }
    response.on("data", (bytes: Uint8Array) => {
      if (!this.#closed) this.#sink.onData(bytes);
    });
    response.on("end", () => {
      if (!response.complete) this.#fail(this.#cut());
      else if (!this.#closed) {
        this.#end();
        this.#sink.onEnd(null);
      }
    });
    response.on("close", () => {
      if (!response.complete) this.#fail(this.#cut());
    });
    if (this.#paused) response.pause();
  }

  #cut(): ShoalError {
    return httpError(`${this.#name} ended the connection too early`);
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#sink.onEnd(isHttpError(error) ? error : this.#cut());
  }

  #end(): void {
    this.#closed = true;
    if (this.#headTimer !== null) clearTimeout(this.#headTimer);
    this.#headTimer = null;
  }
}

function drain(response: IncomingMessage): void {
  let left = MAX_DRAINED;
  response.on("data", (bytes: Uint8Array) => {
    left -= bytes.length;
    if (left < 0) response.destroy();
  });
}

/** Headers by lower-case name; repeated ones are joined. */
export function plainHeaders(response: IncomingMessage): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return headers;
}

export function noAnswer(name: string, timeoutMs: number, cause?: unknown): ShoalError {
  return httpError(`no answer from ${name} within ${Math.ceil(timeoutMs / 1000)} seconds`, cause);
}

export function httpError(message: string, cause?: unknown): ShoalError {
  return new ShoalError("ERR_HTTP", message, { systemCode: systemCode(cause) }, cause);
}

export function isHttpError(error: unknown): error is ShoalError {
  return error instanceof ShoalError && error.code === "ERR_HTTP";
}
