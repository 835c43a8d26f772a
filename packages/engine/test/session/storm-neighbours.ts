import {
  type FinderProgress,
  type Millis,
  type PeerFinder,
  type Rng,
  type Seeking,
  type Sought,
  toHex,
} from "@shoal/engine/composition";
import type { Made, Node, RangeServer, ScriptedPeer, SimulatedWorld } from "@shoal/sim";
import { parseIp } from "../../dist/base/address.js";
import { type IpRanges, IpRangesBuilder } from "../../dist/base/ip-ranges.js";
import { ProtocolError } from "../../dist/base/errors.js";
import { encodePex } from "../../dist/wire/pex.js";

type Endpoint = { readonly host: string; readonly port: number };

/** Finds peers for whatever is sought, at any time; what it says is right, wrong or nonsense. */
export class LyingFinder implements PeerFinder {
  /** What must not have happened. */
  readonly faults: string[] = [];
  readonly seekings: Set<LyingSeeking> = new Set();
  isClosed = false;
  readonly #world: SimulatedWorld;
  readonly #rng: Rng;
  readonly #known: readonly Endpoint[];
  /** Whether a torrent of this name must not be sought. */
  readonly #isSecret: (name: string) => boolean;

  constructor(
    world: SimulatedWorld,
    rng: Rng,
    known: readonly Endpoint[],
    isSecret: (name: string) => boolean,
  ) {
    this.#world = world;
    this.#rng = rng;
    this.#known = known;
    this.#isSecret = isSecret;
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  seek(sought: Sought): Seeking {
    if (this.isClosed) this.faults.push("sought after the end");
    const seeking = new LyingSeeking(this, sought);
    this.seekings.add(seeking);
    this.check(seeking);
    this.#tellLater(seeking);
    return seeking;
  }

  close(): Promise<void> {
    this.isClosed = true;
    if (this.seekings.size > 0) this.faults.push(`${this.seekings.size} torrents are sought at the end`);
    return Promise.resolve();
  }

  check({ sought }: LyingSeeking): void {
    for (const name of sought.names())
      if (this.#isSecret(name)) this.faults.push(`private ${name} is sought`);
  }

  #tellLater(seeking: LyingSeeking): void {
    this.#world.at(1 + this.#rng.below(20_000), () => {
      if (!this.seekings.has(seeking)) return;
      this.check(seeking);
      const peers = Array.from({ length: this.#rng.below(8) }, () => this.#anybody());
      const names = seeking.sought.names();
      const name = names[this.#rng.below(names.length)]!;
      seeking.sought.onPeers(peers, this.#rng.below(2) === 0 ? "dht" : "lsd", name);
      this.#tellLater(seeking);
    });
  }

  #anybody(): Endpoint {
    if (this.#rng.below(2) === 0) return this.#known[this.#rng.below(this.#known.length)]!;
    return randomEndpoint(this.#rng);
  }
}

class LyingSeeking implements Seeking {
  readonly sought: Sought;
  readonly #finder: LyingFinder;

  constructor(finder: LyingFinder, sought: Sought) {
    this.#finder = finder;
    this.sought = sought;
  }

  progress(): FinderProgress {
    return { source: "dht", asked: 1, answered: 0, peers: 0 };
  }

  soon(): void {
    this.#finder.check(this);
  }

  stop(): void {
    if (!this.#finder.seekings.delete(this)) this.#finder.faults.push("stopped twice");
  }
}

/** Mostly an address at which nobody is, and a port that may be none. */
export function randomEndpoint(rng: Rng): Endpoint {
  const host = `93.184.${rng.below(4)}.${rng.below(256)}`;
  return { host, port: ([0, 1, 6881, 65_535, 70_000] as const)[rng.below(5)]! };
}

/** Somebody who dials `node` for a torrent and says all kinds of things, then stays or leaves. */
export function pester(
  world: SimulatedWorld,
  rng: Rng,
  node: Node,
  made: Made,
  known: readonly Endpoint[],
): void {
  const peer = world.dial(node, made, { fast: rng.below(2) === 0, v2: rng.below(2) === 0 });
  const read = peer.onBytes.bind(peer);
  peer.onBytes = (buffer, start, end) => {
    try {
      read(buffer, start, end);
    } catch (error) {
      // Where only obfuscated connections are taken, the answer is no BitTorrent.
      if (!(error instanceof ProtocolError)) throw error;
      peer.connection.close();
    }
  };
  let left = 1 + rng.below(12);
  const speak = (): void => {
    if (peer.closed) return;
    say(rng, peer, made, known);
    if (--left > 0) world.at(1 + rng.below(4_000), speak);
    else if (rng.below(2) === 0) peer.connection.close();
  };
  world.at(rng.below(500), speak);
}

function say(rng: Rng, peer: ScriptedPeer, made: Made, known: readonly Endpoint[]): void {
  const { out } = peer;
  const pieces = made.metainfo.layout.pieceCount;
  switch (rng.below(9)) {
    case 0:
    case 1: {
      const yourip = Uint8Array.from({ length: rng.below(2) === 0 ? 4 : 16 }, () => rng.below(256));
      const m = { ut_pex: rng.below(2), ut_metadata: 2, lt_donthave: 7, upload_only: 3 };
      peer.sayExtended(0, {
        m,
        p: rng.below(70_000),
        yourip,
        metadata_size: rng.below(1_000_000),
        reqq: rng.below(1_000),
      });
      return;
    }
    case 2: {
      const contacts = [...known, ...Array.from({ length: rng.below(40) }, () => randomEndpoint(rng))];
      const added = contacts.map((contact) => ({ ...contact, flags: rng.below(32) }));
      for (let id = 1; id < 6; id++) out.extended(id, encodePex({ added, dropped: contacts.slice(0, 3) }));
      break;
    }
    case 3:
      out.port(rng.below(65_536));
      break;
    case 4:
      out.haveAll();
      out.unchoke();
      break;
    case 5:
      out.have(rng.below(pieces + 1));
      break;
    case 6:
      out.interested();
      out.request(rng.below(pieces), 0, 16_384);
      break;
    case 7:
      peer.sayBlock(rng.below(pieces), 0, new Uint8Array(16_384));
      break;
    default:
      out.choke();
      out.reject(rng.below(pieces), 0, 16_384);
  }
  peer.say();
}

/** A web server that has the files; what it answers may be right, wrong, too little, nothing or a refusal, by its name. */
export function webServer(made: Made, kind: string, rng: Rng): RangeServer {
  return (url, from, to) => {
    if (kind === "silent") return null;
    const [, ...names] = decodeURIComponent(url.pathname).split("/");
    const bytes = made.files.get(names.slice(1).join("/"));
    const bytesPerSecond = 50_000;
    const status = bytes === undefined || (kind === "gone" && rng.below(2) === 0) ? 404 : 206;
    if (bytes === undefined || status === 404)
      return { status, headers: new Map(), body: new Uint8Array(0), bytesPerSecond };
    const headers = new Map([["content-range", `bytes ${from}-${to - 1}/${bytes.length}`]]);
    const right = bytes.slice(from, to);
    const body = kind === "liar" ? right.map((byte) => byte ^ 1) : right;
    return {
      status,
      headers,
      body: kind === "short" ? body.subarray(0, rng.below(body.length)) : body,
      bytesPerSecond,
    };
  };
}

/** The names under which torrents were announced over HTTP, and the hosts that they were told to. */
export function announcedNames(asked: readonly URL[]): { readonly name: string; readonly host: string }[] {
  return asked.flatMap(({ search, hostname }) =>
    [...search.matchAll(/[?&]info_hash=([^&]*)/g)].map(([, raw]) => ({
      name: toHex(rawBytes(raw!)),
      host: hostname,
    })),
  );
}

function rawBytes(escaped: string): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < escaped.length; at++) {
    if (escaped[at] !== "%") bytes.push(escaped.charCodeAt(at));
    else {
      bytes.push(Number.parseInt(escaped.slice(at + 1, at + 3), 16));
      at += 2;
    }
  }
  return Uint8Array.from(bytes);
}

/** Times at which something of random length happens. */
export function pauseOf(rng: Rng): Millis {
  if (rng.below(20) === 0) return rng.below(120_000);
  return rng.below(rng.below(3) === 0 ? 5_000 : 80);
}

/** A filter that leaves out one address. */
export function blocked(host: string): IpRanges {
  const builder = new IpRangesBuilder();
  builder.add(parseIp(host)!, parseIp(host)!);
  return builder.build();
}
