import assert from "node:assert/strict";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { poll, TestRandom } from "@shoal/testkit";

import { call } from "./call.ts";
import { type Line, Place, type Running } from "./shoal.ts";

const ROUNDS = 7;
const OPS = 10;
const SEED = Number(process.env["KILL_SEED"] ?? 11);
const MAGNET = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=first`;

/** One thing that people set: how it is set, and where it can be read. */
interface Knob {
  readonly set: (value: number) => readonly [method: string, path: string, body: object | null];
  readonly read: () => Promise<number>;
}

test("kill -9 at any moment: names, labels, settings, limits, watch folders and shares hold once they are answered", async (t) => {
  t.diagnostic(`KILL_SEED=${SEED}`);
  const rng = new TestRandom(SEED);
  await using place = new Place();
  const socket = place.path(".local/state/shoal/daemon.sock");
  const get = async <T>(path: string): Promise<T> => (await call(socket, "GET", path, null)) as T;
  const start = (): Promise<Running> => place.startDaemon("--download-dir", place.path("dl"));
  const inbox = place.path("inbox");
  const knobs: Readonly<Record<string, Knob>> = {
    name: {
      set: (value) => ["POST", "/torrents/1/rename", { name: `name-${value}` }],
      read: async () => Number((await get<Line>("/torrents/1"))["name"]?.toString().split("-")[1] ?? 0),
    },
    goal: {
      set: (value) => ["PATCH", "/torrents/1", { goals: { ratio: value } }],
      read: async () => (await get<{ goals: { ratio?: number } }>("/torrents/1")).goals.ratio ?? 0,
    },
    limit: {
      set: (value) => ["PATCH", "/torrents/1", { limits: { down: value * 1_000 } }],
      read: async () =>
        ((await get<{ limits: { down: number | null } }>("/torrents/1")).limits.down ?? 0) / 1_000,
    },
    label: {
      set: (value) => ["PUT", "/labels/films", { goals: { ratio: value } }],
      read: async () => {
        const { labels } = await get<{ labels: { goals: { ratio?: number } }[] }>("/labels");
        return labels[0]?.goals.ratio ?? 0;
      },
    },
    setting: {
      set: (value) => ["PATCH", "/settings", { values: { "queue.downloads": value } }],
      read: async () => {
        const { settings } = await get<{ settings: { key: string; value: number; from: string }[] }>(
          "/settings",
        );
        const found = settings.find(({ key }) => key === "queue.downloads")!;
        return found.from === "default" ? 0 : found.value;
      },
    },
    speed: {
      set: (value) => ["PATCH", "/limits", { up: value * 1_000 }],
      read: async () => ((await get<{ normal: { up: number | null } }>("/limits")).normal.up ?? 0) / 1_000,
    },
    slow: {
      set: (value) => ["POST", "/limits/slow", { on: value % 2 === 1 }],
      read: async () => Number((await get<{ slow: { on: boolean } }>("/limits")).slow.on),
    },
  };
  const names = Object.keys(knobs);
  /** What each may be; what is not known for sure is one of two. */
  const model = new Map<string, readonly number[]>(names.map((name) => [name, [0]]));
  const shared: string[] = [];
  const dropped: string[] = [];

  let daemon = await start();
  await call(socket, "POST", "/torrents", { magnet: MAGNET, paused: true });
  await call(socket, "POST", "/watch-folders", { dir: inbox, paused: true });
  mkdirSync(inbox, { recursive: true });
  for (let round = 0; round < ROUNDS; round++) {
    const ops = 1 + rng.below(OPS);
    for (let at = 0; at <= ops; at++) {
      const isLast = at === ops;
      const what = rng.below(names.length + 2);
      if (what === names.length) {
        const path = place.path(`share-${shared.length}`);
        writeFileSync(path, `content of ${path}`.repeat(1_000));
        const done = call(socket, "POST", "/shares", { paths: [path] });
        if (isLast) done.catch(() => undefined);
        else {
          await done;
          shared.push(path);
        }
        continue;
      }
      if (what > names.length) {
        const name = `drop-${dropped.length}.bin`;
        writeFileSync(place.path("aside"), torrentOf(name));
        renameSync(place.path("aside"), `${inbox}/${name}.torrent`);
        dropped.push(name);
        continue;
      }
      const name = names[what]!;
      const knob = knobs[name]!;
      const value = 1 + rng.below(50);
      const meant = name === "slow" ? value % 2 : value;
      const done = call(socket, ...knob.set(value));
      if (!isLast) {
        await done;
        model.set(name, [meant]);
        continue;
      }
      model.set(name, [...model.get(name)!, meant]);
      done.catch(() => undefined);
    }
    await sleep(rng.below(30));
    await daemon.stop("SIGKILL");
    daemon = await start();
    for (const name of names) {
      const is = await knobs[name]!.read();
      const possible = model.get(name)!;
      assert.ok(possible.includes(is), `round ${round}: ${name} is ${is}, not ${possible.join(" or ")}`);
      model.set(name, [is]);
    }
  }
  // What was begun is ended by whoever comes after: each once.
  const { torrents } = await poll("everything is on the list", async () => {
    const list = await get<{ torrents: { name: string }[] }>("/torrents");
    const all = new Set(list.torrents.map((torrent) => torrent.name));
    const wanted = [...shared.map((path) => path.split("/").at(-1)!), ...dropped];
    return wanted.every((name) => all.has(name)) && list;
  });
  const listed = torrents.map((torrent) => torrent.name);
  assert.equal(new Set(listed).size, listed.length, `none is there twice: ${listed.join(", ")}`);
});

/** Of a file of one piece that nobody has. */
function torrentOf(name: string): string {
  const info = `d6:lengthi16384e4:name${name.length}:${name}12:piece lengthi16384e6:pieces20:${"x".repeat(20)}e`;
  return `d4:info${info}e`;
}
