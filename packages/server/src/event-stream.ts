import type { ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";

const HEARTBEAT_MS = 15_000;
/** Who takes nothing for so long is gone. */
const STUCK_MS = 300_000;

/** Who is told of an event stream. */
export interface EventStreamOwner {
  /** The reader has taken what was sent: there is room for more. */
  onRoom(): void;
  /** The stream has ended, from whichever side. */
  onClose(): void;
}

/**
 * A stream of server-sent events to one reader. It keeps nothing: who sends looks at `hasRoom` first, and sends the latest when the reader has
 * caught up. An answer to a request that was let in already.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #owner: EventStreamOwner;
  readonly #heartbeat: NodeJS.Timeout;
  #full = false;
  #closed = false;

  constructor(reply: FastifyReply, owner: EventStreamOwner) {
    reply.hijack();
    const response = reply.raw;
    this.#response = response;
    this.#owner = owner;
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) response.setHeader(name, value);
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    response.flushHeaders();
    response.socket?.setTimeout(STUCK_MS);
    response.socket?.setNoDelay(true);
    response.on("drain", () => {
      this.#full = false;
      this.#owner.onRoom();
    });
    response.on("close", () => this.#end());
    response.on("error", () => this.#end());
    this.#heartbeat = setInterval(() => {
      if (this.hasRoom) this.#write(": heartbeat\n\n");
    }, HEARTBEAT_MS);
  }

  /** Whether the reader has taken what was sent before. */
  get hasRoom(): boolean {
    return !this.#full && !this.#closed;
  }

  /** `data`: JSON, which has no line breaks. Only while there is room. */
  send(event: string, data: string, id?: number): void {
    this.#write(`${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`);
  }

  /** Ends it in good order. */
  close(): void {
    this.#response.end();
    this.#end();
  }

  #write(text: string): void {
    if (!this.#closed) this.#full = !this.#response.write(text);
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#heartbeat);
    this.#owner.onClose();
  }
}
