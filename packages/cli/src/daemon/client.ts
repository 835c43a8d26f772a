import {
  type ClientRequest,
  type IncomingMessage,
  request as requestHttp,
  type RequestOptions,
} from "node:http";
import { request as requestHttps } from "node:https";

import type { NodeInfo } from "@shoal/schema";
import { EventReader, type LiveEvent } from "@shoal/schema/reader";

import { CliError, type CliErrorCode } from "../errors.ts";
import { clean } from "../ui/clean.ts";
import { type DaemonAddress, shownAddress } from "./address.ts";

/** Longest wait for an answer: adding a torrent may have to wait for a slow disk. */
const TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** The API of a daemon. */
export class DaemonClient {
  readonly address: DaemonAddress;
  readonly #signal: AbortSignal;

  constructor(address: DaemonAddress, signal: AbortSignal) {
    this.address = address;
    this.#signal = signal;
  }

  /** The same daemon, asked until another signal says otherwise: for what is left to do when a command is to end. */
  withSignal(signal: AbortSignal): DaemonClient {
    return new DaemonClient(this.address, signal);
  }

  /** What it is; throws ERR_DAEMON when nobody answers there. */
  info(): Promise<NodeInfo> {
    return this.get<NodeInfo>("/info");
  }

  get<T>(path: string): Promise<T> {
    return this.#call("GET", path);
  }

  /** `timeoutMs`: null for what may take as long as it likes. */
  post<T>(path: string, body?: object, timeoutMs: number | null = TIMEOUT_MS): Promise<T> {
    return this.#call("POST", path, body ?? {}, timeoutMs);
  }

  /** What is no JSON. */
  async bytes(path: string): Promise<Uint8Array> {
    const { status, bytes } = await this.#ask("GET", path, null, TIMEOUT_MS);
    if (status === 200) return new Uint8Array(bytes);
    throw this.#refusal(status, parse(bytes.toString("utf8")));
  }

  put<T>(path: string, body: object): Promise<T> {
    return this.#call("PUT", path, body);
  }

  patch<T>(path: string, body: object): Promise<T> {
    return this.#call("PATCH", path, body);
  }

  delete<T>(path: string): Promise<T> {
    return this.#call("DELETE", path);
  }

  /**
   * What goes on, until the daemon ends the stream or the signal says so. `query` as in the API's documentation, such as
   * "?topics=torrents&columns=name,state". Throws ERR_DAEMON.
   */
  async *events(
    query: string,
    signal: AbortSignal = this.#signal,
  ): AsyncGenerator<LiveEvent, void, undefined> {
    const response = await this.#open("GET", `/events${query}`, null, undefined, signal);
    response.setEncoding("utf8");
    const reader = new EventReader();
    if (response.statusCode !== 200) {
      let text = "";
      for await (const part of response) text += part as string;
      throw this.#refusal(response.statusCode ?? 0, parse(text));
    }
    for await (const text of response) yield* reader.push(text as string);
  }

  /** Throws ERR_DAEMON when nobody answers there, and what the daemon refuses. */
  async #call<T>(
    method: string,
    path: string,
    body?: object,
    timeoutMs: number | null = TIMEOUT_MS,
  ): Promise<T> {
    const sent = body === undefined ? null : JSON.stringify(body);
    const { status, bytes } = await this.#ask(method, path, sent, timeoutMs);
    const answer = parse(bytes.toString("utf8"));
    if (status >= 200 && status < 300) return answer as T;
    throw this.#refusal(status, answer);
  }

  async #ask(
    method: string,
    path: string,
    body: string | null,
    timeoutMs: number | null,
  ): Promise<{ status: number; bytes: Buffer }> {
    const response = await this.#open(method, path, body, timeoutMs ?? undefined);
    const parts: Buffer[] = [];
    let size = 0;
    try {
      for await (const part of response as AsyncIterable<Buffer>) {
        size += part.length;
        if (size > MAX_ANSWER_BYTES) throw new Error("the answer is far too large");
        parts.push(part);
      }
    } catch (error) {
      throw unreachable(error as Error, this.address);
    }
    return { status: response.statusCode ?? 0, bytes: Buffer.concat(parts) };
  }

  /** Resolves with the head of the answer. Throws ERR_DAEMON. */
  #open(
    method: string,
    path: string,
    body: string | null,
    timeout?: number,
    signal = this.#signal,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { address } = this;
      const headers: Record<string, string> = body === null ? {} : { "content-type": "application/json" };
      const options: RequestOptions = { method, headers, signal };
      if (timeout !== undefined) options.timeout = timeout;
      // A connection that is kept for the next question ends when nobody asks one for a while: a stream needs its own.
      else options.agent = false;
      let sent: ClientRequest;
      if (address.type === "socket") {
        sent = requestHttp({ ...options, socketPath: address.path, path: `/api/v1${path}` });
      } else {
        if (address.token !== null) headers["authorization"] = `Bearer ${address.token}`;
        const url = new URL(`${address.url.pathname.replace(/\/+$/, "")}/api/v1${path}`, address.url);
        sent = (url.protocol === "https:" ? requestHttps : requestHttp)(url, options);
      }
      sent.on("response", resolve);
      sent.on("timeout", () => sent.destroy(new Error("it does not answer")));
      sent.on("error", (error: NodeJS.ErrnoException) => reject(unreachable(error, address)));
      sent.end(body ?? undefined);
    });
  }

  /** What the daemon says no with. Codes of the daemon are ours or the engine's, and what it says may quote what a torrent says. */
  #refusal(status: number, answer: unknown): CliError {
    const { error } = answer as { error?: { code?: string; message?: string; advice?: string } };
    const message = error?.message ?? `${shownAddress(this.address)} answers with status ${status}`;
    return new CliError(
      (error?.code ?? "ERR_INTERNAL") as CliErrorCode,
      clean(message),
      clean(error?.advice ?? ""),
    );
  }
}

/** Whether nobody was there at all, rather than somebody who does not answer. */
export function isAbsent(error: unknown): boolean {
  if (!(error instanceof CliError) || error.code !== "ERR_DAEMON") return false;
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return code === "ENOENT" || code === "ECONNREFUSED";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function unreachable(error: NodeJS.ErrnoException, address: DaemonAddress): Error {
  if (error.name === "AbortError") return error;
  if (address.type === "socket") {
    const absent = error.code === "ENOENT" || error.code === "ECONNREFUSED";
    const message = absent ? "The daemon does not run" : `The daemon can't be reached: ${error.message}`;
    return new CliError("ERR_DAEMON", message, absent ? "Start it with: shoal daemon start" : "", error);
  }
  return new CliError(
    "ERR_DAEMON",
    `No daemon can be reached at ${shownAddress(address)}: ${clean(error.code ?? error.message)}`,
    "Check the address, and that shoal runs there.",
    error,
  );
}
