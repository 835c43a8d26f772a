// A private torrent (BEP 27) on a machine where everything is switched on, and every packet that leaves it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  Libtorrent,
  Opentracker,
  Shoal,
  addTracker,
  assertSameTree,
  lacks,
  magnetOf,
  openLan,
  openStage,
  oddFolderSpec,
  poll,
  sniff,
  writePayload,
} from "@shoal/testkit";
import type { SentPacket, Stage, StageContext } from "@shoal/testkit";
import { TIMEOUT_MS } from "./scene.ts";

const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks("libtorrent", "opentracker", "namespaces") };
const NEEDS = { needs: ["libtorrent", "opentracker"] } as const;
/** Searches for a router: about our port, not about any torrent. */
const ROUTER_PORTS: readonly (number | null)[] = [1900, 5350, 5351];
const ONLINE = { SHOAL_OFFLINE: "0" };
const IGMP = 2;
const ICMPV6 = 58;
const HOP_BY_HOP = 0;

/** Says every 100 ms that it has a torrent, and prints "said"; and "met" when somebody comes for it, or asks it as a node of the DHT. */
const CALLER = `
const [name, address] = process.argv.slice(1);
require("node:dgram").createSocket("udp4", () => console.log("met")).bind(7000);
require("node:net").createServer(() => console.log("met")).listen(7000, () => {
  const socket = require("node:dgram").createSocket("udp4");
  const text = "BT-SEARCH * HTTP/1.1\\r\\nHost: 239.192.152.143:6771\\r\\nPort: 7000\\r\\nInfohash: " + name + "\\r\\n\\r\\n\\r\\n";
  socket.bind(0, address, () => {
    socket.setMulticastInterface(address);
    setInterval(() => socket.send(text, 6771, "239.192.152.143", () => console.log("said")), 100);
  });
});
`;

interface Scene {
  readonly us: Stage;
  readonly server: Stage;
  readonly near: Stage;
  /** Somebody came to who calls. */
  readonly wasMet: () => boolean;
  /** Settles when it has called so many times more. */
  readonly called: (times: number) => Promise<void>;
  readonly packets: readonly SentPacket[];
  readonly file: string;
  readonly magnet: string;
  readonly names: readonly string[];
  readonly path: string;
  readonly folder: string;
}

async function scene(t: StageContext, seededBy: "libtorrent" | "us"): Promise<Scene> {
  const [us, server, near] = openLan(t, 3).map((on) => openStage(t, { ...NEEDS, on })) as [
    Stage,
    Stage,
    Stage,
  ];
  const payload = await writePayload(server.folder("data"), oddFolderSpec(16_384));
  const seed = await Libtorrent.start(server);
  const file = join(server.dir, "private.torrent");
  const how = { kind: "hybrid", pieceLength: 16_384, private: true } as const;
  const facts = await seed.create({ path: payload.path, output: file, ...how });
  const tracker = await Opentracker.start(server, [facts]);
  addTracker(file, tracker.httpUrl);
  if (seededBy === "libtorrent") {
    await seed.seed({ file, saveDir: payload.dir, trackers: [tracker.httpUrl] });
  } else {
    const words = ["send", file, "--data", payload.dir, "--host", server.host, "--port", "0"];
    await Shoal.start(server, words, server.folder("state"), ONLINE).listening();
  }
  await tracker.waitForSeeds(facts);
  const names = [facts.infoHashV1!, facts.infoHashV2!.slice(0, 40)];
  const caller = near.spawn({
    name: "caller",
    command: process.execPath,
    args: ["-e", CALLER, names[0]!, near.host],
  });
  let said = 0;
  let met = false;
  caller.onLine((line) => {
    if (line === "said") said++;
    if (line === "met") met = true;
  });
  const packets = await sniff(us);
  return {
    us,
    server,
    near,
    wasMet: () => met,
    called: async (times) => {
      const until = said + times;
      await poll("the neighbour calls", () => said >= until);
    },
    packets,
    file,
    magnet: magnetOf(facts, [tracker.httpUrl]),
    names,
    path: payload.path,
    folder: payload.name,
  };
}

/** Everything on, as a user starts it who knows no flag. */
function get({ us, near }: Scene, what: string, out: string): Shoal {
  const words = ["get", what, "-o", out, "--port", "0", "--dht-bootstrap", `${near.host}:7000`];
  return Shoal.start(us, words, us.folder("state"), ONLINE);
}

/** Neither the tracker, nor a peer that it named, nor what any machine does on a cable. */
function isStray({ to, port, protocol }: SentPacket, { us, server }: Scene): boolean {
  // The tracker names ourselves as well: that stays here.
  if (to === server.host || to === us.host || protocol === "arp" || protocol === IGMP || protocol === ICMPV6)
    return false;
  if (protocol === HOP_BY_HOP && to?.startsWith("ff02:") === true) return false;
  return !(protocol === "udp" && ROUTER_PORTS.includes(port));
}

/** As bytes and as text. */
function tells({ data }: SentPacket, name: string): boolean {
  const asText = (text: string): string => Buffer.from(text).toString("hex");
  return [name, asText(name), asText(name.toUpperCase())].some((form) => data.includes(form));
}

describe("a private torrent with everything switched on", () => {
  test("tells nobody but its tracker and the tracker's peers", OPTIONS, async (t) => {
    const play = await scene(t, "libtorrent");
    const out = play.us.folder("got");
    const shoal = get(play, play.file, out);
    await shoal.complete();
    await assertSameTree(join(out, play.folder), play.path);
    await shoal.interrupt();
    assert.ok(play.packets.some((packet) => tells(packet, play.names[0]!)));
    const stray = play.packets.filter((packet) => isStray(packet, play));
    assert.deepEqual(
      stray.map(({ to, port, protocol }) => ({ to, port, protocol })),
      [],
    );
    assert.equal(play.wasMet(), false);
  });

  test("which a magnet does not know: what has begun ends with the metadata", OPTIONS, async (t) => {
    // Libtorrent gives nobody the metadata of private torrents.
    const play = await scene(t, "us");
    const out = play.us.folder("got");
    const shoal = get(play, play.magnet, out);
    await shoal.waitFor("metadata");
    const before = play.packets.length;
    await shoal.complete();
    await assertSameTree(join(out, play.folder), play.path);
    // Whoever asks is answered within two seconds: as long as there is something to answer.
    await play.called(30);
    await shoal.interrupt();
    const after = play.packets.slice(before).filter((packet) => isStray(packet, play));
    assert.deepEqual(
      after.filter((packet) => play.names.some((name) => tells(packet, name))),
      [],
    );
  });
});
