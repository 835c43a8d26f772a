import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { seededBytes, TestRandom } from "@shoal/testkit";

import { call } from "./call.ts";
import { type Line, Place, type Running } from "./shoal.ts";

const ROUNDS = 8;
const OPS = 12;
const SEED = Number(process.env["KILL_SEED"] ?? 7);

/** What the daemon has said that it is; null: not on the list. */
type Known = { readonly labels: readonly string[]; readonly paused: boolean } | null;

interface Op {
  readonly method: string;
  readonly path: string;
  readonly body: object | null;
  /** Which transfer it is about, and what that is afterwards. */
  readonly id: number;
  readonly after: Known;
}

test("kill -9 at any moment: what the daemon has answered holds, and downloads are what they were", async (t) => {
  t.diagnostic(`KILL_SEED=${SEED}`);
  const rng = new TestRandom(SEED);
  await using seed = new Place();
  await using place = new Place();
  const socket = place.path(".local/state/shoal/daemon.sock");
  const film = seededBytes(SEED, 4_000_000);
  writeFileSync(seed.path("film.mkv"), film);
  const words = ["--port", "0", "--host", "127.0.0.1", "--no-discovery"];
  const sender = seed.start("send", "--foreground", "film.mkv", "--json", ...words);
  const { magnet } = await sender.event("listening");
  const start = (): Promise<Running> => place.startDaemon("--download-dir", place.path("dl"));
  /** By number; what is not known for sure has both. */
  const model = new Map<number, readonly Known[]>();
  const next = (): number => Math.max(0, ...model.keys()) + 1;
  const choose = (): Op => {
    const listed = [...model].filter(([, [known]]) => known !== null);
    const pick = listed.length === 0 ? undefined : listed[rng.below(listed.length)];
    if (pick === undefined || rng.below(3) === 0) {
      const id = next();
      const hash = id.toString(16).padStart(40, "0");
      const link = id === 1 ? String(magnet) : `magnet:?xt=urn:btih:${hash}&dn=t${id}`;
      const labels = [`l${rng.below(3)}`];
      return {
        method: "POST",
        path: "/torrents",
        body: { magnet: link, labels },
        id,
        after: { labels, paused: false },
      };
    }
    const [id, [known]] = pick as [number, [NonNullable<Known>]];
    const base = `/torrents/${id}`;
    switch (rng.below(5)) {
      case 0:
        return { method: "POST", path: `${base}/pause`, body: {}, id, after: { ...known, paused: true } };
      case 1:
        return { method: "POST", path: `${base}/resume`, body: {}, id, after: { ...known, paused: false } };
      case 2: {
        const labels = [`l${rng.below(3)}`, "x"];
        return { method: "PATCH", path: base, body: { labels }, id, after: { ...known, labels } };
      }
      case 3:
        return {
          method: "DELETE",
          path: `${base}?deleteFiles=${rng.below(2) === 0}`,
          body: null,
          id,
          after: null,
        };
      default: {
        // Others have no files yet.
        const dir = place.path(`dl${rng.below(2)}`);
        return id === 1
          ? { method: "POST", path: `${base}/move`, body: { dir }, id, after: known }
          : { method: "POST", path: `${base}/recheck`, body: {}, id, after: known };
      }
    }
  };
  for (let round = 0; round < ROUNDS; round++) {
    const daemon = await start();
    const { torrents } = (await call(socket, "GET", "/torrents", null)) as unknown as {
      torrents: { id: number; state: string; labels: string[] }[];
    };
    for (const [id, possible] of model) {
      const found = torrents.find((torrent) => torrent.id === id);
      const is: Known =
        found === undefined ? null : { labels: found.labels, paused: found.state === "paused" };
      assert.ok(
        possible.some((known) => JSON.stringify(known) === JSON.stringify(is)),
        `round ${round}: ${id} is ${JSON.stringify(is)}, not ${JSON.stringify(possible)}`,
      );
      // What was being added and is not there has not used up its number.
      if (is === null && possible.length > 1 && possible[0] === null) model.delete(id);
      else model.set(id, [is]);
    }
    assert.ok(
      torrents.every(({ id }) => model.has(id)),
      "nothing is there that nobody added",
    );
    // What was removed last comes back, now and then after a restart.
    const removed = [...model].filter(([, [known]]) => known === null).map(([id]) => id);
    const { entries } = (await call(socket, "GET", "/trash", null)) as unknown as {
      entries: { id: number }[];
    };
    for (const { id } of entries) assert.ok(removed.includes(id), `${id} is in the trash and on the list`);
    const [last] = entries;
    if (last !== undefined) {
      await call(socket, "POST", `/trash/${last.id}/restore`, {});
      const back = (await call(socket, "GET", `/torrents/${last.id}`, null)) as Line & { labels: string[] };
      model.set(last.id, [{ labels: back.labels, paused: back["state"] === "paused" }]);
    }
    const ops = 1 + rng.below(OPS);
    for (let at = 0; at <= ops; at++) {
      const op = choose();
      const before = model.get(op.id)?.[0] ?? null;
      const done = call(socket, op.method, op.path, op.body);
      if (at < ops) {
        // Files that are not known yet can't be moved: then nothing has changed.
        if (op.path.endsWith("/move")) await done.catch(() => undefined);
        else await done;
        model.set(op.id, [op.after]);
        continue;
      }
      // Nobody knows whether this one got through.
      model.set(op.id, [before, op.after]);
      done.catch(() => undefined);
      await sleep(rng.below(20));
    }
    await daemon.stop("SIGKILL");
  }
  await start();
  const { torrents } = (await call(socket, "GET", "/torrents", null)) as unknown as {
    torrents: { id: number }[];
  };
  if (!torrents.some(({ id }) => id === 1)) {
    const { entries } = (await call(socket, "GET", "/trash", null)) as unknown as {
      entries: { id: number }[];
    };
    assert.ok(
      entries.some(({ id }) => id === 1),
      "the film is on the list, or in the trash",
    );
    await call(socket, "POST", "/trash/1/restore", {});
  }
  await call(socket, "POST", "/torrents/1/resume", {});
  const got = await place.run("get", String(magnet));
  assert.equal(got.code, 0, got.stderr);
  const { filesDir } = (await call(socket, "GET", "/torrents/1", null)) as unknown as { filesDir: string };
  assert.ok(readFileSync(join(filesDir, "film.mkv")).equals(film));
});
