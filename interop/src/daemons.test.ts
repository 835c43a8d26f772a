// Flows of two and three real daemons, each driven as a user does: by the command line and by links.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  assertSameTree,
  freePort,
  lacks,
  openStage,
  Opentracker,
  poll,
  readTorrent,
  ShoalDaemon,
  writePayload,
} from "@shoal/testkit";
import type { Stage } from "@shoal/testkit";
import { TIMEOUT_MS } from "./scene.ts";

const OPTIONS = { timeout: 2 * TIMEOUT_MS };
const QUIET = ["--no-lsd", "--no-dht"] as const;
const SIZE = 12_000_000;
/** So slow that there is time for everything that is done before the end; bytes a second. */
const SLOWLY = "300k";
/** So much more is there when something has gone on. */
const STEP = 200_000;
/** Bytes that may be under way, or not yet in a file, when a process is killed. */
const IN_FLIGHT = 500_000;

interface Transfer {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly have: number;
  readonly wanted: number;
  readonly downloaded: number;
  readonly uploaded: number;
  readonly labels: readonly string[];
  readonly limits: { readonly down: number | null };
  readonly rank: number;
  readonly reached: string | null;
  readonly waiting: { readonly code: string } | null;
}

interface Row {
  readonly type: "download" | "upload";
  readonly peer: string | null;
  readonly bytes: number;
}

/** Runs a command that must end well; returns what it says as JSON. */
async function say<T>(daemon: ShoalDaemon, ...words: readonly string[]): Promise<T> {
  const { code, stdout, log } = await daemon.run(...words, "--json");
  assert.equal(code, 0, `${words.join(" ")}\n${log}`);
  return JSON.parse(stdout.split("\n").at(-1)!) as T;
}

const look = (daemon: ShoalDaemon, id: number = 1): Promise<Transfer> => daemon.json(`/torrents/${id}`);

function until(
  daemon: ShoalDaemon,
  what: string,
  isSo: (transfer: Transfer) => boolean,
  id: number = 1,
): Promise<Transfer> {
  return poll(what, async () => {
    const transfer = await look(daemon, id);
    return isSo(transfer) && transfer;
  });
}

async function rowsOf(daemon: ShoalDaemon): Promise<readonly Row[]> {
  const { rows } = await say<{ rows: readonly Row[] }>(daemon, "log", "transfers", "--limit", "10000");
  return rows;
}

const sum = (rows: readonly Row[], type: Row["type"]): number =>
  rows.reduce((total, row) => total + (row.type === type ? row.bytes : 0), 0);

/** A folder that this daemon shares; its link. */
async function share(daemon: ShoalDaemon, ...flags: readonly string[]): Promise<string> {
  const files = { "day 1/film.mkv": SIZE - 5_000, "note.txt": 5_000 };
  await writePayload(daemon.folder, { name: "Wedding", seed: 3, files });
  const { shares } = await say<{ shares: { magnet: string }[] }>(
    daemon,
    ...["send", "Wedding", "--detach", "--piece-size", "64k", ...flags],
  );
  return shares[0]!.magnet;
}

const assertSame = (from: ShoalDaemon, to: ShoalDaemon): Promise<unknown> =>
  assertSameTree(join(to.downloads, "Wedding"), join(from.folder, "Wedding"));

async function restarted(stage: Stage, { folder, child }: ShoalDaemon, port: number): Promise<ShoalDaemon> {
  child.signal("SIGKILL");
  await child.exited;
  return ShoalDaemon.start(stage, { folder, port, flags: QUIET });
}

describe("several daemons", () => {
  for (const kind of ["--hybrid", "--v1"])
    test(
      `a folder goes from one to the next two, while each is killed and comes back (${kind})`,
      OPTIONS,
      async (t) => {
        const stage = openStage(t);
        const [annaPort, benPort] = [await freePort(), await freePort()];
        let [anna, ben] = await Promise.all([
          ShoalDaemon.start(stage, { port: annaPort, flags: QUIET }),
          ShoalDaemon.start(stage, { port: benPort, flags: QUIET }),
        ]);
        const magnet = await share(anna, kind);
        const words = ["--label", "films", "--limit-down", SLOWLY, "--seed-ratio", "5"];
        await say(ben, "get", magnet, "--detach", ...words);
        for (const hash of ["a", "b"])
          await say(ben, "get", `magnet:?xt=urn:btih:${hash.repeat(40)}&dn=${hash}`, "--paused");
        await say(ben, "torrent", "queue", "3", "top");
        await until(ben, "some of it is there", ({ have }) => have > STEP);

        anna = await restarted(stage, anna, annaPort);
        await until(anna, "it is shared again", ({ state }) => state === "seeding");
        const without = await look(ben);
        const on = await until(ben, "it goes on by itself", ({ have }) => have > without.have + STEP);

        ben = await restarted(stage, ben, benPort);
        const back = await until(ben, "it is taken up", ({ have }) => have > 0);
        assert.ok(back.have >= on.have - IN_FLIGHT, `${back.have} of ${on.have} are there after kill -9`);
        assert.deepEqual([back.labels, back.limits.down], [["films"], 300_000]);
        const { torrents } = await say<{ torrents: Transfer[] }>(ben, "list");
        const inOrder = torrents.toSorted((a, b) => a.rank - b.rank);
        assert.deepEqual(
          inOrder.map(({ id }) => id),
          [3, 1, 2],
        );

        await say(ben, "pause", "1");
        const paused = await look(ben);
        await say(ben, "torrent", "set", "1", "down=off");
        assert.equal((await look(ben)).have, paused.have);
        await say(ben, "resume", "1");
        const done = await until(ben, "all of it is there", ({ state }) => state === "seeding");
        await assertSame(anna, ben);
        assert.ok(done.downloaded <= SIZE + 2 * IN_FLIGHT, `${done.downloaded} were fetched of ${SIZE}`);

        const carol = await ShoalDaemon.start(stage, { flags: QUIET });
        // So slow that neither of the two has given all before the other is found.
        const slowly = ["--limit-down", "3M"];
        const got = await carol.run("get", magnet, "--peer", `127.0.0.1:${benPort}`, ...slowly);
        assert.equal(got.code, 0, got.log);
        await assertSame(anna, carol);
        const rows = await rowsOf(carol);
        assert.equal(sum(rows, "download"), SIZE);
        // Who has dialled whom decides by which ports one knows the other.
        assert.ok(new Set(rows.map(({ peer }) => peer)).size >= 2, "both have given");

        for (const daemon of [ben, carol]) {
          const { entries } = await say<{ entries: { outcome: string; size: number }[] }>(daemon, "history");
          assert.deepEqual(
            entries.map((entry) => [entry.outcome, entry.size]),
            [["finished", SIZE]],
          );
        }
        await poll("ben has given some of it", async () => sum(await rowsOf(ben), "upload") > 0);
        const fetched = sum(await rowsOf(ben), "download");
        assert.ok(fetched > SIZE - IN_FLIGHT && fetched <= SIZE, `ben's log has ${fetched} of ${SIZE}`);
        const { all } = await say<{ all: { downloaded: number } }>(ben, "stats");
        assert.ok(all.downloaded > SIZE - IN_FLIGHT, `ben's statistics have ${all.downloaded}`);
      },
    );

  test(
    "by a tracker alone: a private folder, until its goal of sharing is reached",
    { ...OPTIONS, skip: lacks("opentracker") },
    async (t) => {
      const stage = openStage(t, { needs: ["opentracker"] });
      const anna = await ShoalDaemon.start(stage, { flags: QUIET });
      await writePayload(anna.folder, { name: "Wedding", seed: 4, files: { "film.mkv": SIZE } });
      // The tracker has to know it before.
      const torrentFile = join(anna.folder, "first.torrent");
      const make = ["torrent", "create", "Wedding", "-o", torrentFile, "--private", "--v1"];
      assert.equal((await anna.run(...make)).code, 0);
      const tracker = await Opentracker.start(stage, [readTorrent(torrentFile)]);
      const { shares } = await say<{ shares: { magnet: string }[] }>(
        anna,
        ...["send", "Wedding", "--detach", "--private", "--v1", "--tracker", tracker.httpUrl],
      );
      const link = new URL(shares[0]!.magnet);
      link.searchParams.delete("x.pe");
      const ben = await ShoalDaemon.start(stage, { flags: QUIET });
      const got = await ben.run("get", link.href, "--seed-ratio", "1");
      assert.equal(got.code, 0, got.log);
      await assertSame(anna, ben);
      await say(anna, "pause", "1");

      const carol = await ShoalDaemon.start(stage, { flags: QUIET });
      const then = await carol.run("get", link.href);
      assert.equal(then.code, 0, then.log);
      await assertSame(anna, carol);
      const goal = await until(ben, "its goal is reached", ({ state }) => state === "finished");
      assert.deepEqual([goal.reached, goal.uploaded], ["ratio", SIZE]);
      assert.equal(sum(await rowsOf(carol), "download"), SIZE);
      await poll("what ben has given is what carol has got", async () => {
        return sum(await rowsOf(ben), "upload") === SIZE;
      });
      await say(anna, "resume", "1");
      assert.equal((await look(ben)).state, "finished");
    },
  );
});
