import type { Torrent } from "@shoal/engine";
import type { Detail } from "@shoal/schema";
import { fileViews, peerViews, trackerViews } from "../transfer-details.ts";
import type { Transfers } from "../transfers.ts";

const TICK_MS = 250;
/** Peers that have a piece are told up to this many. */
const MOST_PEERS = 255;

/** One part of one transfer; peers have their addresses where `named`. */
export interface DetailKey {
  readonly id: number;
  readonly detail: Detail;
  readonly named: boolean;
}

interface Section {
  readonly key: DetailKey;
  readers: number;
  /** As of the last look; null before the first, and when the transfer is gone. */
  json: string | null;
}

/** Parts of transfers that somebody looks at closely: each looked at once for all, four times a second. */
export class DetailFeed {
  readonly #transfers: Transfers;
  readonly #onLook: () => void;
  readonly #sections: Map<string, Section> = new Map();
  #timer: NodeJS.Timeout | null = null;
  #looking = false;

  /** `onLook`: there may be something new. */
  constructor(transfers: Transfers, onLook: () => void) {
    this.#transfers = transfers;
    this.#onLook = onLook;
  }

  /** Returns what ends it. */
  watch(keys: readonly DetailKey[]): () => void {
    if (keys.length === 0) return () => {};
    for (const key of keys) {
      const section = this.#sections.get(nameOf(key)) ?? { key, readers: 0, json: null };
      section.readers++;
      this.#sections.set(nameOf(key), section);
    }
    this.#timer ??= setInterval(() => void this.#look(), TICK_MS);
    void this.#look();
    return () => this.#unwatch(keys);
  }

  /** Null while it is not known, and when the transfer is gone. */
  json(key: DetailKey): string | null {
    return this.#sections.get(nameOf(key))?.json ?? null;
  }

  #unwatch(keys: readonly DetailKey[]): void {
    for (const key of keys) {
      const section = this.#sections.get(nameOf(key))!;
      if (--section.readers === 0) this.#sections.delete(nameOf(key));
    }
    if (this.#sections.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    await Promise.all(Array.from(this.#sections.values(), (section) => this.#lookAt(section)));
    this.#looking = false;
    this.#onLook();
  }

  async #lookAt(section: Section): Promise<void> {
    const torrent = this.#transfers.find(section.key.id)?.torrent;
    // What rests does not change, and looking would wake it up.
    if (torrent?.isAtRest === true && section.json !== null) return;
    try {
      section.json = torrent === undefined ? null : JSON.stringify(await viewOf(torrent, section.key));
    } catch {
      // Its state says why.
      section.json = null;
    }
  }
}

function nameOf({ id, detail, named }: DetailKey): string {
  return `${id} ${detail} ${named}`;
}

async function viewOf(torrent: Torrent, { detail, named }: DetailKey): Promise<unknown> {
  switch (detail) {
    case "peers":
      return peerViews(torrent, named);
    case "files":
      return fileViews(torrent);
    case "trackers":
      return trackerViews(torrent);
    case "pieces": {
      const map = await torrent.pieces();
      if (map === null) return null;
      const { have, peers } = map;
      return {
        have: base64(have),
        peers: base64(Uint8Array.from(peers, (count) => Math.min(count, MOST_PEERS))),
      };
    }
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
