// A share that is moved and renamed in the middle: who downloads from it does not notice.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createSession, createTorrent, type Session } from "@shoal/engine";
import { Libtorrent, assertSameTree, lacks, openStage, writePayload } from "@shoal/testkit";
import type { Stage } from "@shoal/testkit";
import { TIMEOUT_MS } from "./scene.ts";

const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks("libtorrent") };
const MIB = 1_048_576;
const SPEC = {
  name: "Album",
  seed: 41,
  files: { "one.bin": 6 * MIB + 1, "sub/two.bin": 5 * MIB + 77, "sub/three.bin": MIB, empty: 0 },
};

/** A small file system of its own, or null where we may not mount one. */
function otherFileSystem(stage: Stage): string | null {
  const folder = join(stage.dir, "other");
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=32m", "tmpfs", folder], { stdio: "ignore" });
    return folder;
  } catch {
    return null;
  }
}

async function openSeed(stage: Stage): Promise<Session> {
  return createSession({
    stateDir: stage.folder("state"),
    host: "127.0.0.1",
    ports: [0],
    offline: true,
    lsd: false,
  });
}

describe("libtorrent downloads from a share of ours that is moved in the middle", () => {
  for (const kind of ["v1", "hybrid"] as const) {
    test(`${kind}: renamed, moved, and copied to another file system`, OPTIONS, async (t) => {
      const stage = openStage(t, { needs: ["libtorrent"] });
      const payload = await writePayload(stage.folder("data"), SPEC);
      const kept = stage.folder("kept");
      execFileSync("cp", ["-a", payload.path, kept]);
      const created = await createTorrent(payload.path, { kind, pieceLength: 65_536 });
      const session = await openSeed(stage);
      const other = otherFileSystem(stage);
      try {
        const torrent = await session.add({
          metainfo: created.metainfo,
          downloadDir: payload.dir,
          seedOnly: true,
        });
        const leecher = await Libtorrent.start(stage);
        const saveDir = stage.folder("got");
        const file = join(stage.dir, "album.torrent");
        writeFileSync(file, created.bytes);
        const download = await leecher.add({ file, saveDir, downLimit: 4 * MIB });
        await download.connect(session.endpoint!);
        await download.waitFor("the first bytes", (status) => status.progress > 0.1);
        await torrent.renameRoot("Album renamed");
        await torrent.moveTo(stage.folder("elsewhere"));
        await download.waitFor("half", (status) => status.progress > 0.4);
        if (other !== null) await torrent.moveTo(other);
        await torrent.renameFile(0, "Album renamed/sub/uno.bin");
        await download.limits({ down: 0 });
        await download.waitForSeeding();
        await assertSameTree(join(saveDir, payload.name), join(kept, payload.name));
        assert.equal(torrent.state, "seeding");
        assert.equal(torrent.downloadDir, other ?? join(stage.dir, "elsewhere"));
      } finally {
        await session.close();
        if (other !== null) execFileSync("umount", ["-l", other]);
      }
    });
  }
});
