// Three parties: one in the middle knows the other two, who hear of each other from it alone.
import { describe, test } from "node:test";
import { Libtorrent, Shoal, Transmission, lacks, openStage, poll } from "@shoal/testkit";
import type { ShoalEvent, Stage } from "@shoal/testkit";
import { TIMEOUT_MS, prepareByShoal } from "./scene.ts";

const CELL = { kind: "v1", shape: "folder", pieceLength: 16_384 } as const;
const ALLOW = { allow: ["pex"] } as const;
/** Everything but the exchange of peers is off. */
const FLAGS = ["--no-dht", "--no-lsd", "--port", "0"] as const;
/** Its first message comes after 90 seconds. */
const TRANSMISSION_MS = 180_000;
/** So that there is time to hear of others: bytes per second. */
const SLOW = 20_000;

interface Place {
  readonly host: string;
  readonly port: number;
}

function get(stage: Stage, file: string, peer: Place): Shoal {
  const words = ["get", file, "-o", stage.folder("got"), "--peer", `${peer.host}:${peer.port}`];
  return Shoal.start(stage, [...words, "--host", stage.nextHost(), ...FLAGS], stage.folder("state"));
}

/** Settles when it has connected to a peer that others named. */
function heardOf(shoal: Shoal, { host, port }: Place, within: number): Promise<ShoalEvent> {
  const isIt = (event: ShoalEvent): boolean =>
    event["host"] === host && event["port"] === port && event["source"] === "pex";
  return shoal.waitFor("peer-connected", within, isIt);
}

describe("peers are exchanged with libtorrent", () => {
  const options = { timeout: TIMEOUT_MS, skip: lacks("libtorrent", "namespaces") };
  const needs = { needs: ["libtorrent"], ownNetwork: true } as const;

  test("we hear of a seed from libtorrent", options, async (t) => {
    const stage = openStage(t, needs);
    const { file, payload } = await prepareByShoal(stage, CELL);
    const seed = await Libtorrent.start(stage);
    await seed.seed({ file, saveDir: payload.dir, upLimit: SLOW });
    const middle = await Libtorrent.start(stage, ALLOW);
    const torrent = await middle.add({ file, saveDir: stage.folder("middle") });
    await torrent.connect(seed);
    await torrent.waitFor("it has met the seed", (status) => status.done > 0);
    await heardOf(get(stage, file, middle), seed, 30_000);
  });

  test("libtorrent hears of a seed from us", options, async (t) => {
    const stage = openStage(t, needs);
    const { file, payload } = await prepareByShoal(stage, CELL);
    const seed = await Libtorrent.start(stage);
    await seed.seed({ file, saveDir: payload.dir, upLimit: SLOW });
    const middle = get(stage, file, seed);
    const { port } = await middle.listening();
    const client = await Libtorrent.start(stage, ALLOW);
    const torrent = await client.add({ file, saveDir: stage.folder("late"), downLimit: SLOW });
    await torrent.connect({ host: middle.host, port });
    const isSeed = (peer: Place): boolean => peer.host === seed.host && peer.port === seed.port;
    const met = async (): Promise<boolean> => (await torrent.peers()).some(isSeed);
    await poll("libtorrent has heard of the seed", met, { within: 30_000 });
  });
});

describe("peers are exchanged with Transmission", { concurrency: 2 }, () => {
  const options = { timeout: TRANSMISSION_MS, skip: lacks("transmission", "libtorrent", "namespaces") };
  const needs = { needs: ["transmission", "libtorrent"], ownNetwork: true } as const;
  const settings = { "pex-enabled": true };

  test("we hear of a peer from Transmission", options, async (t) => {
    const stage = openStage(t, needs);
    const { file, payload } = await prepareByShoal(stage, CELL);
    const middle = await Transmission.start(stage, settings);
    await middle.seed({ file, dir: payload.dir });
    const other = await Libtorrent.start(stage);
    const torrent = await other.add({ file, saveDir: stage.folder("other"), downLimit: 1_000 });
    await torrent.connect(middle);
    await torrent.waitFor("it has met Transmission", (status) => status.peers > 0);
    await heardOf(get(stage, file, middle), other, 150_000);
  });

  test("Transmission hears of a seed from us", options, async (t) => {
    const stage = openStage(t, needs);
    const { file, payload } = await prepareByShoal(stage, CELL);
    const seed = await Libtorrent.start(stage);
    const seeding = await seed.seed({ file, saveDir: payload.dir, upLimit: SLOW });
    const client = await Transmission.start(stage, settings);
    await client.add({ file, dir: stage.folder("late") });
    const middle = Shoal.start(
      stage,
      [
        ...["get", file, "-o", stage.folder("got"), "--host", stage.nextHost(), ...FLAGS],
        ...["--peer", `${seed.host}:${seed.port}`, "--peer", `${client.host}:${client.port}`],
      ],
      stage.folder("state"),
    );
    await middle.listening();
    const met = async (): Promise<boolean> =>
      (await seeding.peers()).some(({ host }) => host === client.host);
    await poll("Transmission has come to the seed", met, { within: 60_000 });
  });
});
