import type { Torrent } from "@shoal/engine/composition";
import type { Node } from "../node.ts";
import type { Scenario } from "../scenario.ts";
import { IDEAL_LINK } from "../uplink.ts";

const EARLY_MS = 1_000;

export const simultaneousConnect: Scenario = {
  name: "simultaneous-connect",
  title:
    "when both ends dial each other at once, over IPv4 and IPv6, exactly one connection is left, and nobody dials again",
  peers: 8,
  cost: 1,
  async run({ world }, { peers }) {
    const made = await world.make({ "film.bin": 1_000_000 }, { kind: "v1", pieceLength: 65_536 });
    const nodes: Node[] = [];
    for (let i = 0; i < peers; i++) {
      const addresses = [`10.99.${i}.1`, `2001:db8::${(i + 1).toString(16)}`];
      // The same latency everywhere: all handshakes cross on the way.
      nodes.push(await world.node({ addresses, link: { ...IDEAL_LINK, latencyMs: 20 } }));
    }
    const endpoints = nodes.flatMap(({ net }) => net.addresses.map((host) => ({ host, port: 6881 })));
    const torrents: Torrent[] = [];
    for (const { session } of nodes) {
      const options = { metainfo: made.metainfo, downloadDir: "/data", peers: endpoints };
      torrents.push(await world.finish(session.add(options)));
    }
    const pairs = (peers * (peers - 1)) / 2;
    const count = (): { open: number; doubled: number } => {
      let open = 0;
      let doubled = 0;
      for (const { live } of torrents) {
        const ids = [...live!.swarm.connected].map(({ session }) =>
          Buffer.from(session.peerId!).toString("hex"),
        );
        open += ids.length;
        doubled += ids.length - new Set(ids).size;
      }
      return { open, doubled };
    };
    // Sooner than anybody dials again: were both connections closed, it would show.
    await world.run(EARLY_MS);
    const early = count();
    const dials = (): number => nodes.reduce((sum, { net }) => sum + net.dials, 0);
    const earlyDials = dials();
    let ended = 0;
    for (const torrent of torrents)
      torrent.on((event) => {
        if (event.type === "peer-disconnected") ended++;
      });
    await world.run(120_000);
    const late = count();
    const dialsLater = dials() - earlyDials;
    return {
      ok:
        early.open === 2 * pairs &&
        late.open === 2 * pairs &&
        early.doubled + late.doubled === 0 &&
        ended === 0 &&
        dialsLater === 0,
      peers,
      pairs,
      connections: late.open / 2,
      doubled: early.doubled + late.doubled,
      endedLater: ended,
      dialsLater,
    };
  },
};
