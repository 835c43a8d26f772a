// The DHT: we and others find each other without a tracker, and store items for each other.
import { generateKeyPairSync } from "node:crypto";
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createSession, type Session } from "@shoal/engine";
import {
  Aria2,
  Libtorrent,
  Shoal,
  TwoWays,
  assertSameTree,
  lacks,
  magnetOf,
  openLan,
  openStage,
  poll,
} from "@shoal/testkit";
import type { Namespace, Stage } from "@shoal/testkit";
import { TIMEOUT_MS, prepareByShoal } from "./scene.ts";

const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks("libtorrent") };
const CELL = { kind: "hybrid", shape: "folder", pieceLength: 16_384 } as const;
const ARIA2 = { timeout: TIMEOUT_MS, skip: lacks("aria2") };
/** aria2 before 1.37 can't read hybrids. */
const OLD_CELL = { ...CELL, kind: "v1" } as const;
const ALLOW = { allow: ["dht"] } as const;

/** A node that everybody enters by: it shares nothing. */
async function entrance(stage: Stage): Promise<Session> {
  const session = await createSession({
    stateDir: stage.folder("entrance"),
    host: stage.nextHost(),
    ports: [0],
    offline: true,
    lsd: false,
  });
  stage.onEnd(() => session.close());
  return session;
}

/** Flags with which aria2 enters by a node. */
async function inDht(stage: Stage, node: { host: string; port: number }): Promise<string[]> {
  return [
    "--enable-dht=true",
    `--dht-entry-point=${node.host}:${node.port}`,
    `--dht-listen-port=${await stage.freePort()}`,
    `--dht-file-path=${join(stage.folder("aria2-dht"), "dht.dat")}`,
  ];
}

/** Where the node of a session is: on the port of its TCP listener. */
function nodeOf(session: Session): { readonly host: string; readonly port: number } {
  return session.endpoint!;
}

/** As a user starts it: finds people by the DHT alone. */
function start(
  stage: Stage,
  words: readonly string[],
  { host, port }: { host: string; port: number },
): Shoal {
  const flags = ["--host", stage.nextHost(), "--port", "0", "--no-lsd", "--dht-bootstrap", `${host}:${port}`];
  return Shoal.start(stage, [...words, ...flags], stage.folder("state"));
}

describe("torrents in the DHT", () => {
  test("libtorrent finds us", OPTIONS, async (t) => {
    const stage = openStage(t, { needs: ["libtorrent"] });
    const node = nodeOf(await entrance(stage));
    const { payload, file, facts } = await prepareByShoal(stage, CELL);
    const seed = start(stage, ["send", file, "--data", payload.dir], node);
    await seed.listening();
    const client = await Libtorrent.start(stage, ALLOW);
    await client.dht.enterBy(node);
    await client.dht.knows(1);
    const saveDir = stage.folder("got");
    const download = await client.add({ magnet: magnetOf(facts), saveDir });
    await download.waitForSeeding();
    await assertSameTree(join(saveDir, payload.name), payload.path);
  });

  test("we find libtorrent", OPTIONS, async (t) => {
    const stage = openStage(t, { needs: ["libtorrent"] });
    const node = nodeOf(await entrance(stage));
    const { payload, file, facts } = await prepareByShoal(stage, CELL);
    const client = await Libtorrent.start(stage, ALLOW);
    await client.dht.enterBy(node);
    await client.dht.knows(1);
    await client.seed({ file, saveDir: payload.dir });
    const out = stage.folder("got");
    const leecher = start(stage, ["get", magnetOf(facts), "-o", out, "--once"], node);
    await leecher.complete();
    await assertSameTree(join(out, payload.name), payload.path);
  });

  test("aria2 finds us", ARIA2, async (t) => {
    const stage = openStage(t, { needs: ["aria2"] });
    const node = nodeOf(await entrance(stage));
    const { payload, file } = await prepareByShoal(stage, OLD_CELL);
    const seed = start(stage, ["send", file, "--data", payload.dir], node);
    await seed.listening();
    const client = await Aria2.start(stage, await inDht(stage, node));
    const dir = stage.folder("got");
    const download = await client.add({ file, dir });
    await download.waitForComplete();
    await assertSameTree(join(dir, payload.name), payload.path);
  });

  test("we find aria2", ARIA2, async (t) => {
    const stage = openStage(t, { needs: ["aria2"] });
    const node = nodeOf(await entrance(stage));
    const { payload, file, facts } = await prepareByShoal(stage, OLD_CELL);
    const client = await Aria2.start(stage, await inDht(stage, node));
    await client.seed({ file, dir: payload.dir });
    const out = stage.folder("got");
    const leecher = start(stage, ["get", magnetOf(facts), "-o", out, "--once"], node);
    await leecher.complete();
    await assertSameTree(join(out, payload.name), payload.path);
  });

  test("five of us know one address between them, and fetch a magnet from each other", OPTIONS, async (t) => {
    const stage = openStage(t, { needs: [] });
    const { payload, file, facts } = await prepareByShoal(stage, CELL);
    const host = stage.nextHost();
    const alone = ["--host", host, "--port", "0", "--no-lsd"];
    const seed = Shoal.start(stage, ["send", file, "--data", payload.dir, ...alone], stage.folder("state"));
    const { port } = await seed.listening();
    const outs = Array.from({ length: 4 }, (_, i) => stage.folder(`got-${i}`));
    const all = outs.map((out) => start(stage, ["get", magnetOf(facts), "-o", out], { host, port }));
    await Promise.all(all.map((shoal) => shoal.complete()));
    for (const out of outs) await assertSameTree(join(out, payload.name), payload.path);
  });
});

describe("machines of one network that know one node between them", () => {
  const skip = lacks("namespaces");
  const ways: readonly [string, (on: Namespace) => void, string][] = [
    ["IPv4 alone", (on) => on.run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"]), "10.74.0.1"],
    ["IPv6 alone", (on) => on.ip("-4", "addr", "flush", "dev", "eth0"), "[fd74::1]"],
  ];
  for (const [family, make, first] of ways) {
    test(`find each other, with ${family}`, { timeout: TIMEOUT_MS, skip }, async (t) => {
      const stages = openLan(t, 3).map((on) => (make(on), openStage(t, { on })));
      const { payload, file, facts } = await prepareByShoal(stages[0]!, CELL);
      const run = (stage: Stage, words: readonly string[]): Shoal => {
        const flags = ["--port", "0", "--no-lsd", "--no-pex", "--no-port-mapping"];
        return Shoal.start(stage, [...words, ...flags], stage.folder("state"), { SHOAL_OFFLINE: "0" });
      };
      // It was told of nobody: those who come to it are its way in.
      const seed = run(stages[0]!, ["send", file, "--data", payload.dir]);
      const { port } = await seed.listening();
      const outs = stages.slice(1).map((stage) => stage.folder("got"));
      const all = outs.map((out, i) =>
        run(stages[i + 1]!, ["get", magnetOf(facts), "-o", out, "--dht-bootstrap", `${first}:${port}`]),
      );
      await Promise.all(all.map((shoal) => shoal.complete()));
      for (const out of outs) await assertSameTree(join(out, payload.name), payload.path);
    });
  }
});

describe("items of BEP 44", () => {
  const pair = generateKeyPairSync("ed25519");
  const seed = new Uint8Array(pair.privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32));
  const publicKey = new Uint8Array(pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const text = (words: string): Uint8Array => new TextEncoder().encode(words);
  const key = { seed: hex(seed), publicKey: hex(publicKey), salt: "news" };

  test("what libtorrent puts we get, and the other way round", OPTIONS, async (t) => {
    const stage = openStage(t, { needs: ["libtorrent"] });
    const [first, ours] = [await entrance(stage), await entrance(stage)];
    const client = await Libtorrent.start(stage, ALLOW);
    await client.dht.enterBy(nodeOf(first));
    await client.dht.knows(1);
    ours.dht!.addNode(nodeOf(first));
    const items = ours.dht!.items;
    const options = { salt: text(key.salt) };

    const target = await client.dht.put("from there");
    assert.deepEqual(
      await items.getImmutable(new Uint8Array(Buffer.from(target, "hex"))),
      text("10:from there"),
    );
    const put = await items.putImmutable(text("9:from here"));
    assert.deepEqual(await client.dht.get(hex(put.target)), { value: "from here", seq: 0 });

    await client.dht.put("one", key);
    const one = await items.getMutable(publicKey, options);
    assert.deepEqual([one?.value, one?.seq], [text("3:one"), 1n]);
    const two = await items.putMutable(seed, text("3:two"), options);
    assert.equal(two.seq, 2n);
    assert.deepEqual(await client.dht.get(key.publicKey, key.salt), { value: "two", seq: 2 });
  });
});

describe("the public nodes that one may begin with", () => {
  const skip = lacks("namespaces", "nft");
  const kept = {
    "bound to loopback": { host: ["--host", "127.0.0.1"], env: { SHOAL_OFFLINE: "0" } },
    "kept offline": { host: [], env: { SHOAL_OFFLINE: "1" } },
  };
  for (const [how, { host, env }] of Object.entries(kept)) {
    test(`are not even looked up by who is ${how}`, { timeout: TIMEOUT_MS, skip }, async (t) => {
      const ways = TwoWays.open(t);
      const stage = openStage(t, { on: ways.us });
      const { payload, file, facts } = await prepareByShoal(stage, CELL);
      const run = (words: readonly string[]): Shoal =>
        Shoal.start(stage, [...words, ...host, "--port", "0", "--no-lsd"], stage.folder("state"), env);
      const seed = run(["send", file, "--data", payload.dir]);
      const { port } = await seed.listening();
      const out = stage.folder("got");
      const leecher = run(["get", magnetOf(facts), "-o", out, "--dht-bootstrap", `127.0.0.1:${port}`]);
      await leecher.complete();
      await Promise.all([seed.interrupt(), leecher.interrupt()]);
      assert.equal(ways.strays(), "");
    });
  }

  test("are looked up otherwise", { timeout: TIMEOUT_MS, skip }, async (t) => {
    const ways = TwoWays.open(t);
    const stage = openStage(t, { on: ways.us });
    const { payload, file } = await prepareByShoal(stage, CELL);
    const words = ["send", file, "--data", payload.dir, "--port", "0", "--no-lsd", "--no-port-mapping"];
    const seed = Shoal.start(stage, words, stage.folder("state"), { SHOAL_OFFLINE: "0" });
    await seed.listening();
    await poll("a packet leaves", () => ways.strays() !== "", { within: 10_000 });
    await seed.kill();
  });
});
