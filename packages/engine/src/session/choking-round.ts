import type { Bitfield } from "../base/bitfield.ts";
import type { Millis } from "../base/brand.ts";
import {
  chooseUnchoked,
  type ChokeConfig,
  type ChokePeer,
  DEFAULT_CHOKE_CONFIG,
  fillFreeSlots,
} from "../core/choker/choker.ts";
import type { Timer } from "../ports/clock.ts";
import type { SessionContext } from "./context.ts";
import type { PeerConnection } from "./peer-connection.ts";
import type { LiveTorrent } from "./live-torrent.ts";

const ROUND_MS = 10_000;

/** Carries out who is served, over all torrents: a round every ten seconds, and free slots at once. */
export class ChokingRound {
  readonly #context: SessionContext;
  readonly #torrents: () => Iterable<LiveTorrent>;
  #soon: Timer | null = null;
  #nextRound: Millis = -Infinity;
  #lastRound: Millis = 0;
  #stopped = false;

  /** `torrents` gives those that have peers. */
  constructor(context: SessionContext, torrents: () => Iterable<LiveTorrent>) {
    this.#context = context;
    this.#torrents = torrents;
  }

  get #config(): ChokeConfig {
    const slots = this.#context.settings.uploadSlots;
    if (slots === null) return DEFAULT_CHOKE_CONFIG;
    return { ...DEFAULT_CHOKE_CONFIG, minSlots: slots, maxSlots: slots };
  }

  stop(): void {
    this.#stopped = true;
    this.#soon?.cancel();
  }

  /** Somebody became interested or left: gives free slots away after the input that is being handled. */
  request(): void {
    if (this.#stopped) return;
    this.#soon ??= this.#context.clock.setTimer(0, () => {
      this.#soon = null;
      this.#fill();
    });
  }

  onTick(now: Millis): void {
    if (now < this.#nextRound) return;
    this.#nextRound = now + ROUND_MS;
    const { peers, views } = this.#survey(now);
    const { unchoked, optimistic } = chooseUnchoked(views, this.#config, this.#context.rng, now);
    for (const [id, [torrent, peer]] of peers) {
      peer.optimistic = optimistic.has(id);
      if (unchoked.has(id)) unchoke(torrent, peer, now);
      else if (!peer.session.amChoking) choke(torrent, peer, now);
      this.#context.standings.settle(peer);
      peer.roundDown = peer.pipeline.total;
      peer.roundUp = peer.up.total;
    }
    this.#lastRound = now;
  }

  #fill(): void {
    const now = this.#context.now();
    const { peers, views } = this.#survey(now);
    for (const id of fillFreeSlots(views, this.#config, this.#context.rng)) {
      const [torrent, peer] = peers.get(id)!;
      unchoke(torrent, peer, now);
    }
  }

  #survey(now: Millis): { peers: Map<number, [LiveTorrent, PeerConnection]>; views: ChokePeer[] } {
    const peers = new Map<number, [LiveTorrent, PeerConnection]>();
    const views: ChokePeer[] = [];
    const seconds = Math.max(0.001, (now - this.#lastRound) / 1000);
    let number = 0;
    for (const torrent of this.#torrents()) {
      number++;
      const facts = factsOf(torrent);
      if (facts === null) continue;
      for (const peer of torrent.swarm.connected) {
        const id = views.length;
        peers.set(id, [torrent, peer]);
        views.push({
          id,
          torrent: number,
          torrentSlots: torrent.limits.values.uploadSlots ?? Infinity,
          interested: peer.session.peerInterested,
          uploadOnly: peer.uploadOnly,
          lacksOurs: peer.session.have === null || facts.have.hasAnyNotIn(peer.session.have),
          unchoked: !peer.session.amChoking,
          optimistic: peer.optimistic,
          since: peer.chokeChangedAt,
          everUnchoked: peer.everUnchoked,
          snubbed: peer.snubbed,
          score: peer.score,
          seeding: facts.seeding,
          downRate: (peer.pipeline.total - peer.roundDown) / seconds,
          upRate: (peer.up.total - peer.roundUp) / seconds,
          uploaded: peer.up.total - peer.uploadedAtUnchoke,
          pieceLength: facts.pieceLength,
          weight: 1,
        });
      }
    }
    return { peers, views };
  }
}

function unchoke(torrent: LiveTorrent, peer: PeerConnection, now: Millis): void {
  if (peer.closed || !peer.session.amChoking) return;
  peer.everUnchoked = true;
  peer.chokeChangedAt = now;
  peer.uploadedAtUnchoke = peer.up.total;
  torrent.swarm.unchoke(peer);
}

function choke(torrent: LiveTorrent, peer: PeerConnection, now: Millis): void {
  peer.chokeChangedAt = now;
  torrent.swarm.choke(peer);
}

/** What the choice of whom to serve needs to know; null while there is nothing to serve. */
function factsOf({ content, metainfo, isOpenToPeers }: LiveTorrent): {
  have: Bitfield;
  seeding: boolean;
  pieceLength: number;
} | null {
  if (content === null || !isOpenToPeers) return null;
  return { have: content.have, seeding: content.isComplete, pieceLength: metainfo!.layout.pieceLength };
}
