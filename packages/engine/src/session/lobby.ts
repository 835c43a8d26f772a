import type { Millis } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { IpFilter } from "../base/ip-filter.ts";
import type { Greeter } from "../core/peer/peer-session.ts";
import { crowdedOut } from "../core/swarm/crowded-out.ts";
import type { PeerConnection, PeerOwner } from "./peer-connection.ts";
import type { Torrent } from "./torrent-handle.ts";
import type { TorrentNames } from "./torrent-names.ts";

/** Peers that may wait for one torrent. */
const MAX_WAITING = 16;

/**
 * Accepted connections that belong to no torrent yet: their handshake has not come, or the torrent they ask for is at rest or has its files
 * checked.
 */
export class Lobby implements Greeter<PeerConnection>, PeerOwner {
  readonly #names: TorrentNames;
  /** With the torrent that each waits for, if any; in the order of their coming. */
  readonly #waiting: Map<PeerConnection, Torrent | null> = new Map();
  readonly #mostStrangers: number;

  /** `mostStrangers` at a time may have not said which torrent they want. */
  constructor(names: TorrentNames, mostStrangers: number) {
    this.#names = names;
    this.#mostStrangers = mostStrangers;
  }

  enter(peer: PeerConnection): void {
    this.#waiting.set(peer, null);
    const strangers: PeerConnection[] = [];
    for (const [other, torrent] of this.#waiting) if (torrent === null) strangers.push(other);
    if (strangers.length <= this.#mostStrangers) return;
    const victim = crowdedOut(strangers, ({ remote }) => remote)!;
    this.#waiting.delete(victim);
    victim.close(new ShoalError("ERR_CONNECT", "Too many connect and say nothing"));
  }

  onHandshake(peer: PeerConnection, infoHash: Uint8Array, peerId: Uint8Array): void {
    const torrent = this.#names.find(infoHash);
    if (torrent === undefined || !torrent.isOpenToPeers) throw notShared();
    if (torrent.awake?.isOpenToPeers === true) {
      this.#waiting.delete(peer);
      torrent.awake.swarm.onIncoming(peer, infoHash, peerId);
      return;
    }
    let others = 0;
    for (const other of this.#waiting.values()) if (other === torrent) others++;
    if (others >= MAX_WAITING) throw new ShoalError("ERR_CONNECT", "Too many peers wait for the torrent");
    this.#waiting.set(peer, torrent);
    peer.hold();
    void this.#waitFor(torrent, peer, infoHash, peerId);
  }

  onConnected(): void {}
  afterInput(): void {}
  onDrain(): void {}

  onClosed(peer: PeerConnection): void {
    this.#waiting.delete(peer);
  }

  /** True while somebody waits. */
  onTick(now: Millis, timeoutMs: number): boolean {
    for (const [peer, torrent] of this.#waiting) {
      if (now - peer.openedAt <= timeoutMs) continue;
      const why = torrent === null ? "No handshake in time" : "The torrent was not ready in time";
      peer.close(new ShoalError("ERR_CONNECT", why));
    }
    return this.#waiting.size > 0;
  }

  /** Closes those whose address is blocked. */
  expelBlocked(filter: IpFilter): void {
    for (const peer of this.#waiting.keys()) if (filter.blocks(peer.remote.host)) peer.close(null);
  }

  closeAll(): void {
    for (const peer of this.#waiting.keys()) peer.close(null);
  }

  async #waitFor(
    torrent: Torrent,
    peer: PeerConnection,
    infoHash: Uint8Array,
    peerId: Uint8Array,
  ): Promise<void> {
    try {
      const live = await torrent.wake();
      await live.ready();
      if (peer.closed) return;
      if (!live.isOpenToPeers) throw notShared();
      this.#waiting.delete(peer);
      live.swarm.onIncoming(peer, infoHash, peerId);
      peer.proceed();
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      peer.close(error);
    }
  }
}

function notShared(): ShoalError {
  return new ShoalError("ERR_NOT_FOUND", "The peer asks for a torrent that is not shared here");
}
