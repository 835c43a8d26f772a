// Two machines on one cable: no router, no DNS, no tracker, and nobody who names an address.
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  Aria2,
  Libtorrent,
  Shoal,
  Transmission,
  assertSameTree,
  lacks,
  magnetOf,
  openLan,
  openStage,
} from "@shoal/testkit";
import type { Namespace, Stage, StageContext } from "@shoal/testkit";
import { TIMEOUT_MS, type Prepared, linkFor, prepareByShoal } from "./scene.ts";

const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks("libtorrent", "namespaces") };
const CELL = { kind: "hybrid", shape: "folder", pieceLength: 16_384, link: "magnet" } as const;
const ALLOW = { allow: ["lsd"] } as const;

function twoMachines(t: StageContext): Stage[] {
  return openLan(t, 2).map((on: Namespace) => openStage(t, { needs: ["libtorrent"], on }));
}

/** As a user starts it who has heard of no flag: on all interfaces. */
function start(stage: Stage, words: readonly string[], env: Record<string, string>): Shoal {
  return Shoal.start(stage, [...words, "--port", "0"], stage.folder("state"), env);
}

const ONLINE = { SHOAL_OFFLINE: "0" };

describe("people on one network find each other", () => {
  test("two of us, by magnet", OPTIONS, async (t) => {
    const [here, there] = twoMachines(t) as [Stage, Stage];
    const { payload, file, facts } = await prepareByShoal(here, CELL);
    const seed = start(here, ["send", file, "--data", payload.dir], ONLINE);
    await seed.listening();
    const out = there.folder("got");
    const leecher = start(there, ["get", magnetOf(facts), "-o", out, "--once"], ONLINE);
    await leecher.complete(20_000);
    await assertSameTree(join(out, payload.name), payload.path);
  });

  const networks: Readonly<Record<string, readonly (readonly string[])[]>> = {
    "IPv6 alone": [["-4", "addr", "flush", "dev", "eth0"]],
    "link-local addresses alone": [["addr", "flush", "dev", "eth0"]],
  };
  for (const [name, changes] of Object.entries(networks)) {
    test(`two of us by ${name}`, OPTIONS, async (t) => {
      const [here, there] = twoMachines(t) as [Stage, Stage];
      for (const [i, { namespace }] of [here, there].entries()) {
        for (const change of changes) namespace!.ip(...change);
        namespace!.ip("addr", "add", `fe80::${i + 1}/64`, "dev", "eth0", "nodad");
      }
      const { payload, file } = await prepareByShoal(here, CELL);
      const seed = start(here, ["send", file, "--data", payload.dir], ONLINE);
      await seed.listening();
      const out = there.folder("got");
      const leecher = start(there, ["get", file, "-o", out, "--once"], ONLINE);
      await leecher.complete(20_000);
      await assertSameTree(join(out, payload.name), payload.path);
    });
  }

  test("libtorrent finds us", OPTIONS, async (t) => {
    const [here, there] = twoMachines(t) as [Stage, Stage];
    const prepared = await prepareByShoal(here, CELL);
    const client = await Libtorrent.start(there, ALLOW);
    const saveDir = there.folder("got");
    const download = await client.add({ ...linkFor(CELL, prepared), saveDir });
    const seed = start(here, ["send", prepared.file, "--data", prepared.payload.dir], ONLINE);
    await seed.listening();
    await download.waitForSeeding(30_000);
    await assertSameTree(join(saveDir, prepared.payload.name), prepared.payload.path);
  });

  test("we find libtorrent", OPTIONS, async (t) => {
    const [here, there] = twoMachines(t) as [Stage, Stage];
    const { payload, file, facts } = await prepareByShoal(here, CELL);
    const out = here.folder("got");
    const leecher = start(here, ["get", magnetOf(facts), "-o", out, "--once"], ONLINE);
    await leecher.listening();
    const client = await Libtorrent.start(there, ALLOW);
    await client.seed({ file, saveDir: payload.dir });
    await leecher.complete(30_000);
    await assertSameTree(join(out, payload.name), payload.path);
  });

  /** Their names on one cable, and how each of them is told to fetch or to share. */
  const others = {
    async transmission(stage: Stage, file: string, dir: string): Promise<() => Promise<unknown>> {
      // It joins where the system would send to, not on each interface.
      stage.namespace!.ip("route", "add", "239.0.0.0/8", "dev", "eth0");
      const client = await Transmission.start(stage, { "lpd-enabled": true });
      const torrent = await client.add({ file, dir });
      return () => torrent.waitForSeeding();
    },
    async aria2(stage: Stage, file: string, dir: string): Promise<() => Promise<unknown>> {
      const client = await Aria2.start(stage, ["--bt-enable-lpd=true", "--bt-lpd-interface=eth0"]);
      const torrent = await client.add({ file, dir });
      return () => torrent.waitForComplete();
    },
  } as const;

  for (const name of ["transmission", "aria2"] as const) {
    const options = { timeout: TIMEOUT_MS, skip: lacks(name, "namespaces") };
    const open = (t: StageContext): Stage[] =>
      openLan(t, 2).map((on: Namespace) => openStage(t, { needs: [name], on }));
    const prepare = (stage: Stage): Promise<Prepared> =>
      prepareByShoal(stage, { ...CELL, kind: "v1", shape: "file" });

    test(`${name} and a seed of ours`, options, async (t) => {
      const [here, there] = open(t) as [Stage, Stage];
      const { payload, file } = await prepare(here);
      const saveDir = there.folder("got");
      const done = await others[name](there, file, saveDir);
      const seed = start(here, ["send", file, "--data", payload.dir], ONLINE);
      await seed.listening();
      await done();
      await assertSameTree(join(saveDir, payload.name), payload.path);
    });

    test(`we and a seed of ${name}`, options, async (t) => {
      const [here, there] = open(t) as [Stage, Stage];
      const { payload, file } = await prepare(here);
      const out = here.folder("got");
      const leecher = start(here, ["get", file, "-o", out, "--once"], ONLINE);
      await leecher.listening();
      await (
        await others[name](there, file, payload.dir)
      )();
      await leecher.complete(30_000);
      await assertSameTree(join(out, payload.name), payload.path);
    });
  }
});
