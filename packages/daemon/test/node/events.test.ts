import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { TORRENT_COLUMNS } from "@shoal/schema";
import { TorrentTable } from "@shoal/schema/reader";
import { StreamReader } from "../event-stream-reader.ts";
import { Scene } from "../scene.ts";

function magnet(n: number): string {
  return `magnet:?xt=urn:btih:${n.toString(16).padStart(40, "0")}&dn=number-${n}`;
}

describe("the event stream", () => {
  test("shows all transfers once, then the cells that change, over the socket as over HTTP", async (t) => {
    const scene = new Scene(t);
    const { node, ui } = await scene.start();
    await scene.call("POST", "/torrents", { magnet: magnet(1), paused: true });
    const { secret } = await node.tokens.create("reader", "read");
    const web = { host: ui.host, port: ui.port, headers: { authorization: `Bearer ${secret}` } };
    for (const to of [web, { socketPath: scene.options.profile.socket }]) {
      const reader = await StreamReader.open(t, to, "?topics=torrents&columns=name,state");
      assert.equal(reader.response.headers["cache-control"], "no-store");
      assert.equal(reader.response.headers["x-accel-buffering"], "no");
      assert.match(String(reader.response.headers["content-security-policy"]), /default-src 'none'/);
      const snapshot = await reader.expect("snapshot");
      assert.deepEqual(snapshot.columns, ["id", "name", "state"]);
      assert.deepEqual(snapshot.rows, [[1, "number-1", "paused"]]);
      await scene.call("POST", "/torrents/1/resume", {});
      const [revision, changed, removed] = await reader.expect("delta");
      assert.ok(revision > snapshot.revision);
      assert.deepEqual(changed, [[1, 2, "metadata"]]);
      assert.deepEqual(removed, []);
      await scene.call("POST", "/torrents/1/pause", {});
      await reader.expect("delta");
    }
  });

  test("goes on where another stream ended, and begins anew with what is too old or of another run", async (t) => {
    const scene = new Scene(t);
    const { ui, node } = await scene.start();
    const { secret } = await node.tokens.create("reader", "read");
    const web = { host: ui.host, port: ui.port, headers: { authorization: `Bearer ${secret}` } };
    for (const n of [1, 2, 3]) await scene.call("POST", "/torrents", { magnet: magnet(n) });
    const table = new TorrentTable();
    const first = await StreamReader.open(t, web, "?topics=torrents");
    table.onSnapshot(await first.expect("snapshot"));
    assert.deepEqual(
      table.rows().map(({ name }) => name),
      ["number-1", "number-2", "number-3"],
    );
    first.response.destroy();
    await scene.call("DELETE", "/torrents/2");
    await scene.call("POST", "/torrents/3/pause", {});
    await scene.call("POST", "/torrents", { magnet: magnet(4) });
    const second = await StreamReader.open(t, web, `?topics=torrents&since=${table.revision}`);
    const delta = await second.expect("delta");
    assert.deepEqual(delta[2], [2]);
    table.onDelta(delta);
    const { body } = await scene.call("GET", "/torrents");
    const fresh = body["torrents"] as Record<string, unknown>[];
    assert.deepEqual(
      table.rows().map(({ id, name, state, addedAt }) => ({ id, name, state, addedAt })),
      fresh.map(({ id, name, state, addedAt }) => ({ id, name, state, addedAt })),
    );
    assert.deepEqual(Object.keys(table.rows()[2]!), TORRENT_COLUMNS);
    for (const since of [0, 17, table.revision + 1_000_000]) {
      const other = await StreamReader.open(t, web, `?topics=torrents&since=${since}`);
      const { revision } = await other.expect("reset");
      assert.equal((await other.expect("snapshot")).revision, revision);
    }
  });

  test("tells of transfers that come, fail and go, and of the node's numbers", async (t) => {
    const scene = new Scene(t);
    await scene.start();
    const socket = { socketPath: scene.options.profile.socket };
    const reader = await StreamReader.open(t, socket, "?topics=node,notices");
    const node = await reader.expect("node");
    assert.deepEqual([node.downRate, node.upRate, node.states], [0, 0, {}]);
    await scene.call("POST", "/torrents", { magnet: magnet(1) });
    const added = await reader.next("notice");
    assert.deepEqual([added?.kind, added?.torrent], ["added", 1]);
    assert.deepEqual((await reader.next("node"))?.states, { metadata: 1 });
    await scene.call("DELETE", "/torrents/1");
    assert.equal((await reader.next("notice"))?.kind, "removed");
  });

  test("has the log for who asks, and not for those who may only read", async (t) => {
    const scene = new Scene(t);
    scene.options.log.info = () => {};
    const { node, ui } = await scene.start();
    const { secret } = await node.tokens.create("reader", "read");
    const web = { host: ui.host, port: ui.port, headers: { authorization: `Bearer ${secret}` } };
    const refused = await StreamReader.open(t, web, "?topics=log");
    assert.equal(refused.response.statusCode, 403);
    const bad = await StreamReader.open(t, web, "?topics=weather");
    assert.equal(bad.response.statusCode, 400);
    const socket = { socketPath: scene.options.profile.socket };
    const reader = await StreamReader.open(t, socket, "?topics=log&logLevel=warn");
    node.log.info("not this");
    node.log.warn("this", { error: new Error("why"), n: 1 });
    const line = await reader.expect("log");
    assert.deepEqual([line.level, line.message, line.fields], ["warn", "this", { error: "why", n: 1 }]);
  });

  test("ends cleanly with the daemon, and leaves nothing behind when readers go", async (t) => {
    const scene = new Scene(t);
    const { node } = await scene.start();
    const socket = { socketPath: scene.options.profile.socket };
    for (let i = 0; i < 50; i++) {
      const reader = await StreamReader.open(t, socket, "?topics=node");
      await reader.expect("node");
      const closed = once(reader.response, "close");
      reader.response.destroy();
      await closed;
    }
    const last = await StreamReader.open(t, socket);
    await last.next("snapshot");
    assert.equal(node.live.size, 1);
    await scene.stop();
    assert.equal(await last.next("delta"), null);
    assert.equal(last.response.complete, true);
    assert.equal(node.live.size, 0);
  });

  test("ends when its token is revoked, and those of other tokens go on", async (t) => {
    const scene = new Scene(t);
    const { node, ui } = await scene.start();
    const readers: StreamReader[] = [];
    for (const name of ["phone", "wall"]) {
      const { secret } = await node.tokens.create(name, "read");
      const web = { host: ui.host, port: ui.port, headers: { authorization: `Bearer ${secret}` } };
      const reader = await StreamReader.open(t, web, "?topics=torrents");
      await reader.expect("snapshot");
      readers.push(reader);
    }
    const phone = node.tokens.list().find(({ name }) => name === "phone")!;
    await scene.call("DELETE", `/tokens/${phone.id}`);
    assert.equal(await readers[0]!.next("delta"), null);
    assert.equal(node.live.size, 1);
    await scene.call("POST", "/torrents", { magnet: magnet(1) });
    assert.ok((await readers[1]!.next("delta")) !== null);
  });

  test("looks closely at what is asked for, without the addresses of people for who may only read", async (t) => {
    const scene = new Scene(t);
    const { node, ui } = await scene.start();
    await scene.call("POST", "/torrents", { magnet: magnet(1), trackers: ["http://127.0.0.1:1/announce"] });
    const socket = { socketPath: scene.options.profile.socket };
    const reader = await StreamReader.open(t, socket, "?topics=node&detail=1:peers,trackers;9:files");
    const detail = await reader.next("detail");
    assert.deepEqual([detail?.id, detail?.peers], [1, []]);
    assert.equal(detail?.trackers?.trackers[0]?.url, "http://127.0.0.1:1/announce");
    assert.equal(node.live.size, 1);
    const { secret } = await node.tokens.create("reader", "read");
    const web = { host: ui.host, port: ui.port, headers: { authorization: `Bearer ${secret}` } };
    assert.deepEqual((await (await StreamReader.open(t, web, "?detail=1:peers")).next("detail"))?.peers, []);
    for (const bad of ["1", "1:weather", "x:peers", "1:peers;2:peers;3:peers;4:peers;5:peers"]) {
      const { response } = await StreamReader.open(t, socket, `?detail=${bad}`);
      assert.equal(response.statusCode, 400, bad);
    }
  });

  test("keeps nothing for a reader that stops, and goes on with the latest when it reads again", async (t) => {
    const scene = new Scene(t);
    const { node } = await scene.start();
    // Far more than what fits into the buffers of a socket.
    for (let n = 1; n <= 300; n++)
      await scene.call("POST", "/torrents", { magnet: `${magnet(n)}${"x".repeat(10_000)}`, paused: true });
    const reader = await StreamReader.open(
      t,
      { socketPath: scene.options.profile.socket },
      "?topics=torrents",
    );
    reader.response.pause();
    let sent = 0;
    for (let round = 1; round <= 20; round++) {
      const call = round % 2 === 1 ? "resume" : "pause";
      await scene.call("POST", "/torrents/1/" + call, {});
      sent = node.live.look().revision;
    }
    reader.response.resume();
    const table = new TorrentTable();
    table.onSnapshot((await reader.next("snapshot"))!);
    for (let deltas = 0; table.revision < sent; deltas++) {
      assert.ok(deltas < 3, "what was in between is told at once");
      table.onDelta((await reader.next("delta"))!);
    }
    assert.equal(table.get(1)?.state, "paused");
  });
});
