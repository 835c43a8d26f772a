import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { loadIpFilter, type IpRanges, type ShoalError } from "@shoal/engine";
import { SessionScene } from "./session-scene.ts";

const OPTIONS = { timeout: 20_000 };
const KIND = { kind: "hybrid", pieceLength: 16_384 } as const;
const SPEC = { name: "file", size: 2_000_000, seed: 5 };

async function blocking(scene: SessionScene, list: string): Promise<IpRanges> {
  const path = join(scene.dir, "list");
  writeFileSync(path, list);
  return (await loadIpFilter([path])).ranges;
}

async function twoSessions(t: TestContext) {
  const scene = new SessionScene(t);
  const made = await scene.payload(SPEC, KIND);
  return { scene, made };
}

test("whom the list blocks gets nothing; others do", OPTIONS, async (t) => {
  const { scene, made } = await twoSessions(t);
  const ipFilter = await blocking(scene, "127.0.0.2/32\n");
  const [seed] = await scene.seed(made, { ipFilter });
  const get = async (host: string) =>
    scene.add(await scene.session({ host }), {
      metainfo: made.metainfo,
      downloadDir: scene.folder(host),
      peers: [seed.endpoint!],
    });
  const blocked = await get("127.0.0.2");
  await blocked.until("peer-failed");
  const other = await get("127.0.0.3");
  await other.until("complete");
  assert.equal(blocked.torrent.stats().downloaded, 0);
});

test(
  "whom the list blocks is not dialled, whoever names it, until the list is taken away",
  OPTIONS,
  async (t) => {
    const { scene, made } = await twoSessions(t);
    const [seed, seeding] = await scene.seed(made);
    const leecher = await scene.session({ ipFilter: await blocking(scene, "x:127.0.0.1-127.0.0.1") });
    const got = await scene.add(leecher, {
      metainfo: made.metainfo,
      downloadDir: scene.folder("out"),
      peers: [seed.endpoint!],
    });
    const other = await scene.session({ host: "127.0.0.3" });
    const free = await scene.add(other, {
      metainfo: made.metainfo,
      downloadDir: scene.folder("free"),
      peers: [seed.endpoint!],
    });
    await free.until("complete");
    const hosts = seeding.events.flatMap((event) =>
      event.type === "peer-connected" ? [event.peer.host] : [],
    );
    assert.deepEqual(hosts, ["127.0.0.3"]);
    leecher.setIpFilter(null);
    got.torrent.addPeer(seed.endpoint!);
    await got.until("complete");
  },
);

test("connections with whom a new list blocks end", OPTIONS, async (t) => {
  const { scene, made } = await twoSessions(t);
  const [seed, seeding] = await scene.seed(made);
  const ranges = await blocking(scene, "127.0.0.2");
  const leecher = await scene.session({ host: "127.0.0.2" });
  const got = await scene.add(leecher, {
    metainfo: made.metainfo,
    downloadDir: scene.folder("out"),
    peers: [seed.endpoint!],
  });
  await seeding.until("peer-connected");
  seed.setIpFilter(ranges);
  await seeding.until("peer-disconnected");
  await got.until("peer-failed");
  assert.equal(seeding.torrent.stats().peers, 0);
});

test(
  "a list that was packed by gzip is read; one that is damaged or missing is named",
  OPTIONS,
  async (t) => {
    const scene = new SessionScene(t);
    const path = join(scene.dir, "list.gz");
    const packed = gzipSync("1.2.3.4\n5.6.7.8-5.6.7.9\n???\n");
    writeFileSync(path, packed);
    const { ranges, ...report } = await loadIpFilter([path]);
    assert.deepEqual(report, { read: 2, unknown: 1, firstUnknown: { line: 3, text: "???", path } });
    assert.ok(ranges.has("5.6.7.9"));
    writeFileSync(path, packed.subarray(0, -12));
    await assert.rejects(
      loadIpFilter([path]),
      (error: ShoalError) => error.code === "ERR_DISK" && error.message.includes(path),
    );
    writeFileSync(path, gzipSync(Buffer.alloc(130 * 1024 * 1024)));
    await assert.rejects(loadIpFilter([path]), {
      message: `${path} is larger than an IP filter list can be`,
    });
    writeFileSync(path, gzipSync("x\n".repeat(1_000_000)));
    await assert.rejects(loadIpFilter([path]), (error: ShoalError) => {
      const lines = Number(/but (\d+) lines/.exec(error.message)?.[1]);
      return lines > 10_000 && lines < 100_000;
    });
    writeFileSync(path, "???\n");
    await assert.rejects(loadIpFilter([path]), {
      code: "ERR_DISK",
      message: `${path} has no addresses to block, but a line that is not understood`,
    });
    await assert.rejects(loadIpFilter([`${path}.not`]), {
      code: "ERR_NOT_FOUND",
      message: `there is no file ${path}.not`,
    });
  },
);
