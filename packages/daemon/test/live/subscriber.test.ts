import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LogLine, Notice } from "@shoal/schema";
import { type LiveSource, Subscriber, type Subscription } from "../../dist/live/subscriber.js";
import { chooseColumns } from "../../dist/live/torrent-rows.js";

/** A reader that takes nothing while `hasRoom` is false, and a source whose revision goes up. */
class Rig {
  hasRoom = true;
  revision = 1;
  readonly sent: string[] = [];
  readonly subscriber: Subscriber;

  constructor(
    topics: Subscription["topics"],
    since: number | null = null,
    details: Subscription["details"] = [],
  ) {
    const source: LiveSource = {
      rows: (from) => [[from === null ? "snapshot" : "delta", `${from}`]],
      node: (from) => (from === this.revision ? null : { at: this.revision, json: `${from}` }),
      detail: ({ detail }) => (detail === "files" ? "[]" : `[${this.revision}]`),
      revision: 0,
    };
    Object.defineProperty(source, "revision", { get: () => this.revision });
    const sink = {
      send: (event: string, data: string, id?: number): void =>
        void this.sent.push(`${event} ${data} ${id ?? ""}`.trim()),
      close: () => {},
    };
    Object.defineProperty(sink, "hasRoom", { get: () => this.hasRoom });
    const subscription: Subscription = {
      topics,
      since,
      columns: chooseColumns([]),
      logLevel: "info",
      details,
    };
    this.subscriber = new Subscriber(subscription, sink as typeof sink & { hasRoom: boolean }, source);
  }
}

describe("Subscriber", () => {
  test("a slow reader gets one delta from what it knows to the latest, however much was in between", () => {
    const rig = new Rig(new Set(["torrents"]));
    rig.subscriber.flush();
    rig.hasRoom = false;
    for (rig.revision = 2; rig.revision < 1_000; rig.revision++) rig.subscriber.flush();
    rig.hasRoom = true;
    rig.subscriber.flush();
    rig.subscriber.flush();
    assert.deepEqual(rig.sent, ["snapshot null 1", "delta 1 1000"]);
  });

  test("who knows the latest is told so at once, and then nothing until something changes", () => {
    const rig = new Rig(new Set(["torrents", "node"]), 1);
    rig.subscriber.flush();
    rig.subscriber.flush();
    assert.deepEqual(rig.sent, ["node 0", "delta 1 1"]);
  });

  test("of notices and lines of the log a reader that stops misses the oldest, and learns how many lines", () => {
    const rig = new Rig(new Set(["notices", "log"]));
    rig.hasRoom = false;
    for (let i = 0; i < 1_000; i++) {
      rig.subscriber.onNotice({ message: `${i}` } as Notice);
      rig.subscriber.onLine({ message: `${i}` } as LogLine);
    }
    rig.hasRoom = true;
    rig.subscriber.flush();
    assert.equal(rig.sent.length, 400);
    assert.equal(rig.sent[0], `notice {"message":"800"}`);
    assert.equal(rig.sent[200], `log {"message":"800","dropped":800}`);
    assert.equal(rig.sent[399], `log {"message":"999","dropped":0}`);
  });

  test("of what is looked at closely the parts that changed are sent, those of one transfer together", () => {
    const rig = new Rig(new Set(), null, [
      { id: 3, detail: "peers", named: true },
      { id: 3, detail: "files", named: true },
      { id: 4, detail: "peers", named: true },
    ]);
    rig.subscriber.flushDetails();
    rig.subscriber.flushDetails();
    rig.hasRoom = false;
    rig.revision = 2;
    rig.subscriber.flushDetails();
    rig.hasRoom = true;
    rig.revision = 3;
    rig.subscriber.flushDetails();
    assert.deepEqual(rig.sent, [
      `detail {"id":3,"peers":[1],"files":[]}`,
      `detail {"id":4,"peers":[1]}`,
      `detail {"id":3,"peers":[3]}`,
      `detail {"id":4,"peers":[3]}`,
    ]);
  });
});
