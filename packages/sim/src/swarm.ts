import type { CreateOptions, Millis, SessionConfig, Torrent } from "@shoal/engine/composition";
import type { Made } from "./make-torrent.ts";
import type { Node } from "./node.ts";
import type { DiskSpec } from "./simulated-disk.ts";
import { SimulatedTracker } from "./simulated-tracker.ts";
import { IDEAL_LINK, type LinkSpec } from "./uplink.ts";
import type { SimulatedWorld } from "./world.ts";

export interface SwarmSpec {
  /** Bytes of the one file. */
  readonly size: number;
  readonly kind?: CreateOptions["kind"];
  readonly pieceLength: number;
  readonly seed?: Partial<LinkSpec>;
  readonly config?: Partial<SessionConfig>;
  readonly disk?: DiskSpec;
}

/** A leecher or seed and its torrent. */
export interface Member {
  readonly name: string;
  readonly node: Node;
  readonly torrent: Torrent;
  readonly joinedAt: Millis;
  /** When it had everything; null before. */
  completeAt: Millis | null;
}

const TRACKER = "tracker.example";
const FOLDER = "/data";

/** One torrent and all who share it; they find each other through a tracker. */
export class Swarm {
  readonly world: SimulatedWorld;
  readonly made: Made;
  readonly spec: SwarmSpec;
  readonly tracker: SimulatedTracker;
  readonly seeds: Member[] = [];
  readonly leechers: Member[] = [];
  /** Called when a leecher has a piece or everything. */
  onProgress: (member: Member) => void = () => undefined;

  private constructor(world: SimulatedWorld, made: Made, spec: SwarmSpec) {
    this.world = world;
    this.made = made;
    this.spec = spec;
    this.tracker = new SimulatedTracker(world.rng);
    world.web.serve(TRACKER, this.tracker.server);
  }

  /** A swarm with one seed. */
  static async create(world: SimulatedWorld, spec: SwarmSpec): Promise<Swarm> {
    const { kind = "v1", pieceLength } = spec;
    const made = await world.make({ "film.bin": spec.size }, { kind, pieceLength });
    const swarm = new Swarm(world, made, spec);
    await swarm.addSeed(spec.seed);
    return swarm;
  }

  get size(): number {
    return this.made.metainfo.layout.contentSize;
  }

  get completeCount(): number {
    return this.leechers.reduce((count, { completeAt }) => count + Number(completeAt !== null), 0);
  }

  /** Bytes received in vain, of all leechers. */
  get wasted(): number {
    return this.leechers.reduce((sum, { torrent }) => sum + torrent.stats().wasted, 0);
  }

  /** Peer messages that everybody sent. */
  get messages(): number {
    return [...this.seeds, ...this.leechers].reduce((sum, { node }) => sum + node.net.messages, 0);
  }

  async addSeed(link: Partial<LinkSpec> = {}): Promise<Member> {
    const node = await this.#node(link);
    this.world.write(node, this.made, FOLDER);
    const torrent = await this.#add(node, { seedOnly: true, hashed: true });
    const member = this.#member(`seed ${this.seeds.length + 1}`, node, torrent);
    this.seeds.push(member);
    await this.world.settle();
    return member;
  }

  async addLeecher(link: Partial<LinkSpec> = {}): Promise<Member> {
    return this.start(await this.#node(link));
  }

  /** A node begins to download. */
  async start(node: Node): Promise<Member> {
    const torrent = await this.#add(node, {});
    const member = this.#member(`leecher ${this.leechers.length + 1}`, node, torrent);
    this.leechers.push(member);
    torrent.on((event) => {
      if (event.type === "complete") member.completeAt ??= this.world.now();
      if (event.type === "complete" || event.type === "piece") this.onProgress(member);
    });
    return member;
  }

  /** Lets time pass until all leechers are complete, or `ms` are over. */
  async finish(ms: Millis): Promise<void> {
    let left = 0;
    for (const { completeAt } of this.leechers) if (completeAt === null) left++;
    const report = this.onProgress;
    this.onProgress = (member) => {
      if (member.completeAt === this.world.now()) left = this.leechers.length - this.completeCount;
      report(member);
    };
    await this.world.play(() => left === 0, ms);
    this.onProgress = report;
  }

  #node(link: Partial<LinkSpec>): Promise<Node> {
    const { config = {}, disk } = this.spec;
    return this.world.node({
      config,
      link: { ...IDEAL_LINK, ...link },
      ...(disk === undefined ? {} : { diskSpec: disk }),
    });
  }

  #add(node: Node, options: { readonly seedOnly?: boolean; readonly hashed?: boolean }): Promise<Torrent> {
    return this.world.finish(
      node.session.add({
        metainfo: this.made.metainfo,
        downloadDir: FOLDER,
        trackers: [`http://${TRACKER}/announce`],
        ...options,
      }),
    );
  }

  #member(name: string, node: Node, torrent: Torrent): Member {
    return { name, node, torrent, joinedAt: this.world.now(), completeAt: null };
  }
}
