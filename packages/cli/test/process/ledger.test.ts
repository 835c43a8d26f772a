import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { type Line, Place } from "./shoal.ts";

const SIZE = 1_000_000;

async function json(place: Place, ...words: string[]): Promise<Line> {
  const { code, stdout, stderr } = await place.run(...words, "--json");
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Line;
}

test("log, stats, history, rm and undo between two daemons", async () => {
  await using seed = new Place();
  await using leech = new Place();
  const film = randomBytes(SIZE);
  writeFileSync(seed.path("film.mkv"), film);
  const words = ["--port", "0", "--host", "127.0.0.1", "--no-discovery"];
  const { magnet } = await seed
    .start("send", "--foreground", "film.mkv", "--json", ...words)
    .event("listening");
  await leech.startDaemon("--download-dir", leech.path("dl"));
  const follow = leech.start("log", "transfers", "--follow", "--json");
  assert.equal((await leech.run("get", String(magnet))).code, 0);
  const moved = (): number =>
    follow.events.reduce((sum, { bytes }) => sum + (typeof bytes === "number" ? bytes : 0), 0);
  await follow.until(() => moved() >= SIZE, "all bytes");
  assert.equal(moved(), SIZE);
  assert.equal((await follow.stop("SIGINT")).code, 130);
  const table = (await leech.run("log", "transfers", "1")).stdout.trim().split("\n");
  assert.equal(table[0], "TYPE\tPEER\tFILE ID\tPIECE\tBYTES\tTIME");
  assert.match(table[1]!, /^download\t127\.0\.0\.1:\d+\t[0-9a-f]{64}\t\d+\t\d+\t\d{4}-/);
  const stats = (await json(leech, "stats")) as unknown as Record<"today" | "all", Record<string, number>>;
  assert.deepEqual([stats.today["downloaded"], stats.all["added"]], [SIZE, 1]);
  const [entry] = (await json(leech, "history", "--since", "1h"))["entries"] as Line[];
  assert.deepEqual([entry!["outcome"], entry!["size"], entry!["torrent"]], ["finished", SIZE, 1]);
  assert.deepEqual((await json(leech, "history", "--failed"))["entries"], []);
  assert.equal((await leech.run("rm", "1", "--delete-files")).code, 2, "nobody can be asked");
  const removed = await leech.run("rm", "1", "--delete-files", "--yes");
  assert.deepEqual([removed.code, existsSync(leech.path("dl", "film.mkv"))], [0, false]);
  assert.match(removed.stderr, /shoal undo/);
  assert.equal((await leech.run("undo")).code, 0);
  assert.ok(readFileSync(leech.path("dl", "film.mkv")).equals(film));
  assert.equal((await leech.run("cancel", "1")).code, 0);
  assert.deepEqual(
    ((await json(leech, "undo", "--list"))["entries"] as Line[]).map(({ id, filesDeleted }) => [
      id,
      filesDeleted,
    ]),
    [[1, false]],
  );
  assert.equal((await leech.run("undo", "1")).code, 0);
  assert.equal((await leech.run("undo")).code, 3);
  const events = (await json(leech, "log", "events", "1"))["rows"] as Line[];
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ["added", "finished", "removed", "restored", "removed", "restored"],
  );
  assert.equal((await leech.run("history", "--retry", "77")).code, 3);
  assert.equal((await leech.run("log", "transfers", "nobody")).code, 3);
  assert.equal((await leech.run("history", "--since", "soon")).code, 2);
});
