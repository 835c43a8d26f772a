import type { Delta, LogLine, NodeStatus, Notice, Reset, Snapshot, TorrentDetail } from "../events.ts";

/** Data of the events of `GET /api/v1/events`, by their names. */
export interface EventData {
  snapshot: Snapshot;
  delta: Delta;
  reset: Reset;
  /** The numbers that changed; all with the first. */
  node: Partial<NodeStatus>;
  detail: TorrentDetail;
  notice: Notice;
  log: LogLine;
}

export type LiveEvent = {
  [E in keyof EventData]: { readonly event: E; readonly data: EventData[E] };
}[keyof EventData];

/** No event of ours comes near. */
const MAX_EVENT_LENGTH = 256 * 1024 * 1024;

/** Takes a stream of server-sent events apart, however it was cut. */
export class EventReader {
  #rest = "";

  /** The events that the text completes. Throws SyntaxError for data that is no JSON, RangeError for what is far too long. */
  push(text: string): LiveEvent[] {
    const parts = (this.#rest + text).split("\n\n");
    this.#rest = parts.pop()!;
    if (this.#rest.length > MAX_EVENT_LENGTH) throw new RangeError("an event is far too long");
    return parts.flatMap((part) => parse(part) ?? []);
  }
}

/** Null for a comment, such as a heartbeat. */
function parse(block: string): LiveEvent | null {
  let event = "message";
  let data: string | null = null;
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event = line.slice(7);
    else if (line.startsWith("data: ")) data = line.slice(6);
  }
  // The daemon has made it of the schemas.
  return data === null ? null : ({ event, data: JSON.parse(data) as unknown } as LiveEvent);
}
