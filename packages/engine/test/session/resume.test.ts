import assert from "node:assert/strict";
import { readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertSameTree } from "@shoal/testkit";
import { SessionScene } from "./session-scene.ts";

const SPEC = { name: "file", size: 2_000_000, seed: 7 };

test("a download goes on where an earlier session stopped", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(SPEC, { kind: "v1", pieceLength: 65_536 });
  const half = await scene.fake(made, { behaviour: { does: "honest" }, has: (piece) => piece < 15 });
  const stateDir = scene.folder("state");
  const out = scene.folder("out");
  const first = await scene.session({ stateDir });
  const begun = await scene.add(first, { metainfo: made.metainfo, downloadDir: out, peers: [half] });
  for (let piece = 0; piece < 15; piece++) await begun.until("piece", (event) => event.piece === piece);
  await first.close();

  const [seed] = await scene.seed(made);
  const second = await scene.session({ stateDir });
  const got = await scene.add(second, { metainfo: made.metainfo, downloadDir: out, peers: [seed.endpoint!] });
  await got.until("state", (event) => event.state === "downloading");
  assert.equal(got.torrent.stats().have, 15 * 65_536);
  assert.equal(
    got.events.some((event) => event.type === "checked"),
    false,
    "nothing is hashed again",
  );
  await got.until("complete");
  await assertSameTree(made.path, join(out, made.name));
  assert.equal(got.torrent.stats().downloaded, SPEC.size);
});

test("pieces of a file that somebody changed or cut between two sessions are not claimed", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(SPEC, { kind: "hybrid", pieceLength: 65_536 });
  const [seed] = await scene.seed(made);
  const stateDir = scene.folder("state");
  const out = scene.folder("out");
  const add = (session: Awaited<ReturnType<SessionScene["session"]>>) =>
    scene.add(session, { metainfo: made.metainfo, downloadDir: out, peers: [seed.endpoint!] });
  const first = await scene.session({ stateDir });
  await (await add(first)).until("complete");
  await first.close();

  const file = join(out, made.name);
  const bytes = readFileSync(file);
  bytes[100_000]! ^= 1;
  writeFileSync(file, bytes);
  utimesSync(file, new Date(), new Date(Date.now() + 10_000));
  const second = await scene.session({ stateDir });
  const repaired = await add(second);
  await repaired.until("complete");
  assert.equal(repaired.torrent.stats().downloaded - SPEC.size, 65_536, "one piece came again");
  await assertSameTree(made.path, file);
  await second.close();

  truncateSync(file, 1_000_000);
  const third = await scene.session({ stateDir });
  await (await add(third)).until("complete");
  await assertSameTree(made.path, file);
  await third.close();

  rmSync(file);
  const fourth = await scene.session({ stateDir });
  await (await add(fourth)).until("complete");
  await assertSameTree(made.path, file);
});

test("a magnet download needs nobody for its file list the second time", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(SPEC, { kind: "hybrid", pieceLength: 65_536 });
  const [seed] = await scene.seed(made);
  const stateDir = scene.folder("state");
  const options = {
    infoHash: Buffer.from(made.metainfo.infoHashes.v1!).toString("hex"),
    downloadDir: scene.folder("out"),
  };
  const first = await scene.session({ stateDir });
  const begun = await scene.add(first, { ...options, peers: [seed.endpoint!] });
  await begun.until("complete");
  await first.close();
  await seed.close();
  const second = await scene.session({ stateDir });
  const again = await scene.add(second, options);
  await again.until("complete");
  assert.equal(again.torrent.metainfo?.name, made.name);
});

test("a file that is in the way stops the download, unless it is complete or may be overwritten", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(SPEC, { kind: "v1", pieceLength: 65_536 });
  const [seed] = await scene.seed(made);
  const out = scene.folder("out");
  const file = join(out, made.name);
  const options = { metainfo: made.metainfo, downloadDir: out, peers: [seed.endpoint!] };

  writeFileSync(file, "mine");
  const refused = await scene.add(await scene.session(), options);
  await assert.rejects(refused.until("complete"), { code: "ERR_FILE_EXISTS" });
  assert.equal(readFileSync(file, "utf8"), "mine");

  const right = readFileSync(made.path);
  writeFileSync(file, right);
  const adopted = await scene.add(await scene.session(), options);
  await adopted.until("complete");
  assert.equal(adopted.torrent.stats().downloaded, 0);

  const wrong = Buffer.from(right);
  wrong[5]! ^= 1;
  writeFileSync(file, Buffer.concat([wrong, Buffer.from("longer")]));
  const refusedAgain = await scene.add(await scene.session(), options);
  await assert.rejects(refusedAgain.until("complete"), { code: "ERR_FILE_EXISTS" });
  const overwritten = await scene.add(await scene.session(), { ...options, existing: "overwrite" });
  await overwritten.until("complete");
  assert.equal(overwritten.torrent.stats().downloaded, 65_536, "only what differs is fetched");
  await assertSameTree(made.path, file);
});

test("the same torrent and folder in two sessions is refused to the second", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(SPEC, { kind: "v1", pieceLength: 65_536 });
  const stateDir = scene.folder("state");
  const options = { metainfo: made.metainfo, downloadDir: scene.folder("out") };
  await scene.add(await scene.session({ stateDir }), options);
  const other = await scene.session({ stateDir });
  await assert.rejects(scene.add(other, options), { code: "ERR_LOCKED" });
});
