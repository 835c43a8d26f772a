import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createSession, createTorrent } from "@shoal/engine";
import { assertSameTree, makeTempDir, writePayload } from "@shoal/testkit";

const ENGINE = import.meta.resolve("@shoal/engine");

/** Adds the torrent, says when its data is known, and moves it. */
const CHILD = `
  import { readFileSync } from "node:fs";
  const { createSession } = await import(${JSON.stringify(ENGINE)});
  const [stateDir, file, from, to] = process.argv.slice(1);
  const session = await createSession({ stateDir, host: "127.0.0.1", listen: false, offline: true, lsd: false });
  const torrent = await session.add({ torrentBytes: readFileSync(file), downloadDir: from });
  while (torrent.state !== "seeding") {
    if (torrent.error !== null) throw torrent.error;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  process.stdout.write("seeding\\n");
  await torrent.moveTo(to);
  process.stdout.write("moved\\n");
  setInterval(() => {}, 1000);
`;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}

test("a process killed at any moment of a move to another file system loses nothing, and leaves nothing twice", async (t) => {
  const dir = makeTempDir(t, "move-kill");
  const other = join(dir, "other");
  mkdirSync(other);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=48m", "tmpfs", other], { stdio: "ignore" });
  } catch {
    t.skip("may not mount a small file system");
    return;
  }
  try {
    await killInTheMiddle(dir, other);
  } finally {
    execFileSync("umount", [other]);
  }
});

async function killInTheMiddle(dir: string, other: string): Promise<void> {
  const spec = { name: "folder", files: { a: 9_000_001, "sub/b": 5_000_000, c: 7, empty: 0 }, seed: 9 };
  const kept = await writePayload(join(dir, "kept"), spec);
  const { bytes } = await createTorrent(kept.path, { pieceLength: 262_144 });
  const file = join(dir, "it.torrent");
  writeFileSync(file, bytes);
  const stateDir = join(dir, "state");
  const home = join(dir, "home");
  execFileSync("cp", ["-a", kept.dir, home]);
  let places = [home, other];
  for (let round = 0; round < 6; round++) {
    const [from, to] = places as [string, string];
    const args = ["--input-type=module", "-e", CHILD, stateDir, file, from, to];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [said] = await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    assert.equal(String(said), "seeding\n", `round ${round}`);
    await delay(round * 12);
    child.kill("SIGKILL");
    await once(child, "exit");
    const session = await createSession({
      stateDir,
      host: "127.0.0.1",
      listen: false,
      offline: true,
      lsd: false,
    });
    try {
      const torrent = await session.add({ torrentBytes: bytes, downloadDir: from });
      await torrent.files();
      while (torrent.state === "checking") await delay(5);
      assert.equal(torrent.state, "seeding", torrent.error?.message);
      const is = torrent.downloadDir;
      await assertSameTree(join(is, "folder"), kept.path);
      const elsewhere = is === from ? to : from;
      assert.deepEqual(filesBelow(elsewhere), [], `round ${round}: nothing is left in ${elsewhere}`);
      places = [is, elsewhere];
    } finally {
      await session.close();
    }
  }
}
