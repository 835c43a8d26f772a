import { fromHex, latin1Text, toHex } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import { torrentMark } from "../core/mse/keys.ts";
import { primaryKey } from "../meta/info-hash.ts";
import type { Hasher } from "../ports/hasher.ts";
import type { LiveTorrent } from "./live-torrent.ts";
import type { Torrent } from "./torrent-handle.ts";

/** The torrents of a session by their 20-byte names: the v1 info-hash, and the v2 one truncated. */
export class TorrentNames {
  readonly #hasher: Hasher;
  /** By name in hex. */
  readonly #torrents: Map<string, Torrent> = new Map();
  /** Names by their marks of MSE; null until somebody asks. */
  #names: Map<string, string> | null = null;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  find(infoHash: Uint8Array): Torrent | undefined {
    return this.#torrents.get(toHex(infoHash));
  }

  /** The name that has this mark, if its torrent may have visitors. */
  findMarked(mark: Uint8Array): Uint8Array | null {
    if (this.#names === null) {
      this.#names = new Map();
      for (const name of this.#torrents.keys()) this.#names.set(this.#markOf(name), name);
    }
    const name = this.#names.get(latin1Text(mark));
    if (name === undefined || !this.#torrents.get(name)!.isOpenToPeers) return null;
    return fromHex(name);
  }

  /** A new torrent. Throws ERR_DUPLICATE_TORRENT. */
  add(torrent: Torrent): void {
    const [other] = this.#others(torrent);
    if (other !== undefined) throw isThere(other);
    this.#set(torrent);
  }

  /**
   * The torrent learnt its other name. Who was waiting under that for the same metadata is refused: whoever knows it first stays. Throws
   * ERR_DUPLICATE_TORRENT at once; resolves when those who are refused have let go of their resume data.
   */
  addLearnt(torrent: Torrent): Promise<unknown> {
    const others = this.#others(torrent);
    for (const other of others) if (other.live === null || other.metainfo !== null) throw isThere(other);
    this.#set(torrent);
    return Promise.all(others.map(({ live }) => refuse(live!, isThere(torrent))));
  }

  #others(torrent: Torrent): Torrent[] {
    const found = torrent.shortNames().map((name) => this.#torrents.get(name));
    return found.filter((other): other is Torrent => other !== undefined && other !== torrent);
  }

  #set(torrent: Torrent): void {
    for (const name of torrent.shortNames()) {
      this.#torrents.set(name, torrent);
      this.#names?.set(this.#markOf(name), name);
    }
  }

  remove(torrent: Torrent): void {
    for (const name of torrent.shortNames()) {
      if (this.#torrents.get(name) !== torrent) continue;
      this.#torrents.delete(name);
      this.#names?.delete(this.#markOf(name));
    }
  }

  #markOf(name: string): string {
    return latin1Text(torrentMark(this.#hasher.sha1, fromHex(name)));
  }
}

function refuse(live: LiveTorrent, error: ShoalError): Promise<void> {
  live.onFailure(error);
  return live.close({ forget: true });
}

function isThere({ name, infoHashes }: Torrent): ShoalError {
  const id = primaryKey(infoHashes);
  return new ShoalError("ERR_DUPLICATE_TORRENT", `${name} is already in this session`, { id });
}
