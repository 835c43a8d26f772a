import { type Rng, Xoshiro128 } from "@shoal/engine/composition";
import type { Made } from "../make-torrent.ts";
import type { Scenario } from "../scenario.ts";
import type { Heard, ScriptedPeer } from "../scripted-peer.ts";
import { serves } from "../scripted-seed.ts";
import { Swarm } from "../swarm.ts";
import type { SimulatedWorld } from "../world.ts";

const MIB = 1024 * 1024;
const SIZE = 4 * MIB;
const CHECK_MS = 5;

export const chokeStorm: Scenario = {
  name: "choke-storm",
  title:
    "peers that choke and unchoke all the time, with the fast extension and without, leak no reservation",
  peers: 8,
  cost: 1,
  async run({ world, watch }, { peers }) {
    const swarm = await Swarm.create(world, { size: SIZE, pieceLength: 128 * 1024, seed: { up: 16 * 1024 } });
    watch(swarm);
    const rng = new Xoshiro128(world.rng.uint32());
    const { made } = swarm;
    const storm: FickleSeed[] = [];
    const { node, torrent } = await swarm.addLeecher();
    for (let i = 0; i < peers; i++) {
      const fast = i % 2 === 0;
      const endpoint = await world.listen(
        made,
        { fast },
        (peer) => void storm.push(new FickleSeed(world, made, peer, fast, rng)),
      );
      torrent.addPeer(endpoint);
    }
    let checks = 0;
    let kept = 0;
    const check = (): void => {
      node.session.invariants();
      // Without the fast extension a choke forgets what was asked for (BEP 3).
      for (const { choked, session, requests } of torrent.live!.swarm.connected)
        if (choked && !session.fast) kept += requests.length;
      checks++;
      if (swarm.completeCount === 0) world.at(CHECK_MS, check);
    };
    world.at(CHECK_MS, check);
    await swarm.finish(10 * 60_000);
    const chokes = storm.reduce((sum, peer) => sum + peer.chokes, 0);
    let reserved = 0;
    for (const peer of torrent.live!.swarm.connected) reserved += peer.requests.length;
    return {
      ok: swarm.completeCount === 1 && chokes > 10 * Math.min(peers, 8) && kept + reserved === 0,
      peers,
      complete: swarm.completeCount === 1,
      chokes,
      checks,
      kept,
      reserved,
    };
  },
};

/** A seed that changes its mind several times a second. */
class FickleSeed {
  chokes = 0;
  readonly #world: SimulatedWorld;
  readonly #peer: ScriptedPeer;
  readonly #fast: boolean;
  readonly #rng: Rng;
  readonly #asked: Heard[] = [];
  readonly #give: (heard: Heard) => void;
  #choking = true;

  constructor(world: SimulatedWorld, made: Made, peer: ScriptedPeer, fast: boolean, rng: Rng) {
    this.#world = world;
    this.#peer = peer;
    this.#fast = fast;
    this.#rng = rng;
    serves(peer, made);
    const give = peer.onHeard;
    this.#give = (heard) => give(heard, peer);
    peer.onHeard = (heard) => this.#onHeard(heard, made);
    world.at(rng.below(200), () => this.#flip());
  }

  #onHeard(heard: Heard, made: Made): void {
    if (heard.kind === "handshake" && !this.#fast) {
      this.#peer.out.bitfield(new Uint8Array(made.metainfo.layout.pieceCount / 8).fill(255));
      this.#peer.say();
    } else if (heard.kind === "request") {
      if (!this.#choking) this.#asked.push(heard);
      else this.#refuse(heard);
    } else if (heard.kind !== "interested") this.#give(heard);
  }

  #flip(): void {
    if (this.#peer.closed) return;
    this.#choking = !this.#choking;
    if (this.#choking) {
      this.chokes++;
      this.#peer.out.choke();
      // With the fast extension each request has an answer all the same (BEP 6); without it they are forgotten.
      for (const heard of this.#asked.splice(0)) {
        if (this.#fast && this.#rng.below(16) === 0) this.#give(heard);
        else this.#refuse(heard);
      }
    } else {
      this.#peer.out.unchoke();
      this.#world.at(this.#rng.below(100), () => {
        for (const heard of this.#asked.splice(0, 1 + this.#rng.below(2))) this.#give(heard);
      });
    }
    this.#peer.say();
    this.#world.at(20 + this.#rng.below(400), () => this.#flip());
  }

  #refuse({ piece, begin, length }: Heard): void {
    if (this.#fast) this.#peer.out.reject(piece!, begin!, length!);
    this.#peer.say();
  }
}
