import { type IncomingMessage, request } from "node:http";

import { EventReader, type LiveEvent } from "@shoal/schema";

import type { Context } from "./context.ts";
import { CliError, type CliErrorCode } from "./errors.ts";
import { clean } from "./ui/clean.ts";
import { profileOf } from "./profile.ts";

/** Longest wait for an answer: adding a torrent may have to wait for a slow disk. */
const TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** The API of the daemon of this user, over the socket that only they can open. */
export class DaemonClient {
  readonly #socket: string;
  readonly #signal: AbortSignal;

  constructor(socket: string, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
  }

  get<T>(path: string): Promise<T> {
    return this.#call("GET", path);
  }

  post<T>(path: string, body?: object): Promise<T> {
    return this.#call("POST", path, body ?? {});
  }

  delete<T>(path: string): Promise<T> {
    return this.#call("DELETE", path);
  }

  /**
   * What goes on, until the daemon ends the stream or the signal says so. `query` as in the API's documentation, such as
   * "?topics=torrents&columns=name,state". Throws ERR_DAEMON.
   */
  async *events(query: string): AsyncGenerator<LiveEvent, void, undefined> {
    const response = await this.#open("GET", `/events${query}`, null);
    response.setEncoding("utf8");
    const reader = new EventReader();
    if (response.statusCode !== 200) {
      let text = "";
      for await (const part of response) text += part as string;
      throw refusal(response.statusCode ?? 0, parse(text));
    }
    for await (const text of response) yield* reader.push(text as string);
  }

  /** Throws ERR_DAEMON when nobody answers there, and what the daemon refuses. */
  async #call<T>(method: string, path: string, body?: object): Promise<T> {
    const { status, text } = await this.#ask(method, path, body === undefined ? null : JSON.stringify(body));
    const answer = parse(text);
    if (status >= 200 && status < 300) return answer as T;
    throw refusal(status, answer);
  }

  async #ask(method: string, path: string, body: string | null): Promise<{ status: number; text: string }> {
    const response = await this.#open(method, path, body, TIMEOUT_MS);
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of response as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > MAX_ANSWER_BYTES) throw new Error("the answer is far too large");
      parts.push(part);
    }
    return { status: response.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") };
  }

  /** Resolves with the head of the answer. Throws ERR_DAEMON. */
  #open(method: string, path: string, body: string | null, timeout?: number): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = request({
        socketPath: this.#socket,
        method,
        path: `/api/v1${path}`,
        headers: body === null ? {} : { "content-type": "application/json" },
        ...(timeout === undefined ? {} : { timeout }),
        signal: this.#signal,
      });
      sent.on("response", resolve);
      sent.on("timeout", () => sent.destroy(new Error("it does not answer")));
      sent.on("error", (error: NodeJS.ErrnoException) => reject(unreachable(error)));
      sent.end(body ?? undefined);
    });
  }
}

/** What the daemon says no with. Codes of the daemon are ours or the engine's, and what it says may quote what a torrent says. */
function refusal(status: number, answer: unknown): CliError {
  const { error } = answer as { error?: { code?: string; message?: string; advice?: string } };
  const message = error?.message ?? `the daemon answers with status ${status}`;
  return new CliError(
    (error?.code ?? "ERR_INTERNAL") as CliErrorCode,
    clean(message),
    clean(error?.advice ?? ""),
  );
}

/** Speaks to the daemon of the user's profile. */
export async function daemonClient(context: Context): Promise<DaemonClient> {
  return new DaemonClient((await profileOf(context, null)).socket, context.signal);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function unreachable(error: NodeJS.ErrnoException): Error {
  if (error.name === "AbortError") return error;
  const absent = error.code === "ENOENT" || error.code === "ECONNREFUSED";
  const message = absent ? "The daemon does not run" : `The daemon can't be reached: ${error.message}`;
  return new CliError("ERR_DAEMON", message, absent ? "Start it with: shoal daemon run" : "", error);
}
