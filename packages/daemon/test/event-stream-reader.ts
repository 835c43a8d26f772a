import assert from "node:assert/strict";
import { request, type IncomingMessage, type RequestOptions } from "node:http";
import type { TestContext } from "node:test";
import { type EventData, EventReader, type LiveEvent } from "@shoal/schema/reader";

/** Reads a stream of events, one at a time. */
export class StreamReader {
  readonly response: IncomingMessage;
  readonly #iterator: AsyncIterator<LiveEvent>;

  private constructor(response: IncomingMessage) {
    this.response = response;
    this.#iterator = events(response);
  }

  static async open(t: TestContext, to: RequestOptions, query = ""): Promise<StreamReader> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({ ...to, path: `/api/v1/events${query}`, agent: false });
      sent.on("response", resolve);
      sent.on("error", reject);
      sent.end();
    });
    t.after(() => response.destroy());
    response.on("error", () => {});
    return new StreamReader(response);
  }

  /** The next event of this kind; null when the stream ends before. */
  async next<E extends keyof EventData>(event: E): Promise<EventData[E] | null> {
    for (;;) {
      const { value, done } = await this.#iterator.next();
      if (done === true) return null;
      const found: LiveEvent = value;
      if (found.event === event) return found.data as EventData[E];
    }
  }

  /** The next event, which has to be of this kind. */
  async expect<E extends keyof EventData>(event: E): Promise<EventData[E]> {
    const { value } = await this.#iterator.next();
    assert.equal((value as LiveEvent | undefined)?.event, event);
    return (value as LiveEvent).data as EventData[E];
  }
}

async function* events(response: IncomingMessage): AsyncGenerator<LiveEvent, void, undefined> {
  const reader = new EventReader();
  response.setEncoding("utf8");
  for await (const text of response) yield* reader.push(text as string);
}
