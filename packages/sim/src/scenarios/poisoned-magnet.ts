import type { Scenario } from "../scenario.ts";
import { serves, servesMetadata } from "../scripted-seed.ts";
import { rounded } from "../rounded.ts";

const MIB = 1024 * 1024;

export const poisonedMagnet: Scenario = {
  name: "poisoned-magnet",
  title: "a magnet gets its metadata from the one honest peer among many that send a wrong one",
  peers: 9,
  cost: 1,
  async run({ world }, { peers }) {
    // Small pieces: the info dictionary has several parts of its own.
    const made = await world.make({ "film.bin": 32 * MIB }, { kind: "v1", pieceLength: 16_384 });
    const { infoBytes, infoHashes } = made.metainfo;
    let asked = 0;
    const bad = [];
    for (let i = 0; i < peers; i++) {
      const poison = infoBytes.slice();
      poison[poison.length - 30 - i]! ^= 1;
      bad.push(
        await world.listen(made, {}, (peer) => {
          serves(peer, made, false);
          servesMetadata(peer, made, i % 3 === 2 ? poison.subarray(0, poison.length - 1000) : poison);
          const before = peer.onHeard;
          peer.onHeard = (heard, it) => {
            if (heard.kind === "extended" && heard.id === 7) asked++;
            before(heard, it);
          };
        }),
      );
    }
    const good = await world.node();
    world.write(good, made, "/data");
    await world.finish(
      good.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true }),
    );
    const node = await world.node();
    const from = world.now();
    let metadataAt = Infinity;
    let banned = 0;
    const torrent = await world.finish(
      node.session.add({
        infoHash: Buffer.from(infoHashes.v1!).toString("hex"),
        downloadDir: "/out",
        peers: [...bad, good.endpoint],
        listener: (event) => {
          if (event.type === "metadata") metadataAt = world.now();
          if (event.type === "banned") banned++;
        },
      }),
    );
    await world.play(() => torrent.state === "seeding", 30 * 60_000);
    const seconds = (metadataAt - from) / 1000;
    return {
      ok: torrent.state === "seeding" && seconds <= 5 * 60 && banned <= peers,
      poisoners: peers,
      complete: torrent.state === "seeding",
      metadataSeconds: rounded(seconds),
      poisonedRequests: asked,
      banned,
    };
  },
};
