import { fromHex, latin1Text, toHex } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import { torrentMark } from "../core/mse/keys.ts";
import type { Hasher } from "../ports/hasher.ts";
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

  /** Adds the names that the torrent has by now. Throws ERR_DUPLICATE_TORRENT. */
  add(torrent: Torrent): void {
    const names = torrent.shortNames();
    for (const name of names) {
      const other = this.#torrents.get(name);
      if (other !== undefined && other !== torrent) {
        throw new ShoalError("ERR_DUPLICATE_TORRENT", `${other.name} is already in this session`);
      }
    }
    for (const name of names) {
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
