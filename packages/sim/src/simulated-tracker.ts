import {
  concatBytes,
  encodeBencode,
  encodeCompactPeer,
  endpointKey,
  type Rng,
} from "@shoal/engine/composition";
import type { HttpServer } from "./simulated-http.ts";

export interface TrackerOptions {
  /** Peers in an answer at most. */
  readonly peers: number;
  readonly intervalSeconds: number;
}

/** A tracker that hands out peers at random. */
export class SimulatedTracker {
  announces = 0;
  readonly #rng: Rng;
  readonly #options: TrackerOptions;
  /** By info-hash as it stands in the query; then by endpoint, in the order of arrival. */
  readonly #swarms: Map<string, Map<string, Uint8Array>> = new Map();

  constructor(rng: Rng, options: TrackerOptions = { peers: 50, intervalSeconds: 1800 }) {
    this.#rng = rng;
    this.#options = options;
  }

  /** To be registered under the tracker's host name. */
  readonly server: HttpServer = (url, host) => {
    this.announces++;
    // Raw bytes in percent encoding are no UTF-8: taken as they stand.
    const infoHash = /[?&]info_hash=([^&]*)/.exec(url.search)?.[1] ?? "";
    const query = url.searchParams;
    const port = Number(query.get("port"));
    const swarm = this.#swarms.get(infoHash) ?? new Map<string, Uint8Array>();
    this.#swarms.set(infoHash, swarm);
    const key = endpointKey(host, port);
    const wanted = Math.min(this.#options.peers, Number(query.get("numwant") ?? 50));
    const others = [...swarm].filter(([other]) => other !== key).map(([, compact]) => compact);
    const own = encodeCompactPeer({ host, port });
    if (query.get("event") === "stopped") swarm.delete(key);
    else if (own !== null && port > 0) swarm.set(key, own);
    this.#rng.shuffle(others);
    const chosen = others.slice(0, wanted);
    return encodeBencode({
      interval: this.#options.intervalSeconds,
      peers: concatBytes(...chosen.filter((compact) => compact.length === 6)),
      peers6: concatBytes(...chosen.filter((compact) => compact.length === 18)),
    });
  };
}
