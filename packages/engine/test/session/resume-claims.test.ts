import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedWorld } from "@shoal/sim";

test("a kill before the first piece is complete leaves files that the next run knows for its own", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 3_000_000 }, { kind: "v1", pieceLength: 1_048_576 });
  const { metainfo, space } = made;
  let left = 40;
  const peer = await world.listen(made, {}, (it) => {
    it.onHeard = ({ kind, piece = 0, begin = 0, length = 0 }) => {
      if (kind === "handshake") it.out.haveAll();
      if (kind === "interested") it.out.unchoke();
      it.say();
      const at = piece * 1_048_576 + begin;
      if (kind === "request" && left-- > 0) it.sayBlock(piece, begin, space.slice(at, at + length));
    };
  });
  const first = await world.node();
  await first.session.add({ metainfo, downloadDir: "/out", peers: [peer] });
  await world.run(3_000);
  assert.ok(first.disk.files.get("/out/file")!.size > 0);
  first.kill();
  left = Infinity;
  const second = await world.node({ disk: world.disk(first.disk.store), store: first.store.copy() });
  const torrent = await second.session.add({ metainfo, downloadDir: "/out", peers: [peer] });
  await world.until("complete", () => torrent.state === "seeding");
  assert.deepEqual(second.disk.files.get("/out/file")?.bytes, made.files.get("file"));
});
