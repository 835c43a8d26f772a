import assert from "node:assert/strict";
import { test } from "node:test";
import { shortHashes, ShoalError, toHex, type TorrentEvent, Xoshiro128 } from "@shoal/engine/composition";
import { IDEAL_DISK, type Made, type Node, SimulatedTracker, SimulatedWorld } from "@shoal/sim";
import type { IpRanges } from "../../dist/base/ip-ranges.js";
import { formatMagnet } from "../../dist/meta/magnet.js";
import type { Torrent } from "../../dist/session/torrent-handle.js";
import { seedNode } from "./hardening-tools.ts";
import {
  announcedNames,
  blocked,
  LyingFinder,
  pauseOf,
  pester,
  randomEndpoint,
  webServer,
} from "./storm-neighbours.ts";
import { assertRules, changeRules, liftRules } from "./storm-rules.ts";

const KIB = 1024;
const SIZES = { a: 150_000, "b/c": 50_000, d: 3 };
const LINK = { up: 100 * KIB, down: 100 * KIB, latencyMs: 20, loss: 0 };
const DISK = { ...IDEAL_DISK, latencyMs: 5, disorderMs: 50 };
const HOST = "93.184.0.1";
const WEB_KINDS = ["good", "liar", "silent", "short", "gone"] as const;
const POLICIES = ["prefer", "require", "prefer", "off"] as const;
const OPEN_SOURCES: ReadonlySet<string> = new Set(["dht", "lsd", "pex"]);
/** What a call may fail with when others come in between. */
const MAY_FAIL: ReadonlySet<string> = new Set([
  "ERR_CLOSED",
  "ERR_DUPLICATE_TORRENT",
  "ERR_FILE_EXISTS",
  "ERR_INVALID_ARGUMENT",
  "ERR_LOCKED",
]);

/** One of the torrents, and how it is added. */
interface Item {
  readonly made: Made;
  readonly dir: string;
  readonly asMagnet: boolean;
  readonly isPrivate: boolean;
  /** Hosts of trackers that it may be told to. */
  readonly trackers: Set<string>;
  torrent: Torrent | null;
  isPaused: boolean;
}

/** A session with all ways of finding peers, and everything that can happen to it, at random and without waiting. */
class Storm {
  readonly world: SimulatedWorld;
  readonly rng: Xoshiro128;
  readonly story: string[] = [];
  readonly items: Item[] = [];
  readonly #unexpected: unknown[] = [];
  readonly #events: TorrentEvent[] = [];
  /** Whom nobody may know of but those who find peers without trackers. */
  #stranger!: Node;
  #known: { host: string; port: number }[] = [];
  #finder!: LyingFinder;
  #filter: IpRanges | null = null;
  #policy: (typeof POLICIES)[number] = "prefer";
  #asked = 0;
  node!: Node;

  constructor(seed: number) {
    this.world = new SimulatedWorld({ seed, spoilsBuffers: seed % 4 === 0 });
    this.rng = new Xoshiro128(seed);
  }

  async begin(): Promise<void> {
    const { world, rng } = this;
    this.#policy = POLICIES[rng.below(4)]!;
    const pub = new SimulatedTracker(rng);
    const priv = new SimulatedTracker(rng);
    world.web.serve("pub.example", pub.server);
    world.web.serve("priv.example", priv.server);
    world.web.serve("silent.example", () => null);
    world.web.serve("refuses.example", () => "refused");
    for (let i = 0; i < 4; i++) {
      const isPrivate = i >= 2;
      const kind = (["v1", "hybrid", "v2"] as const)[rng.below(3)]!;
      const webKind = WEB_KINDS[rng.below(5)]!;
      const made = await world.make(SIZES, {
        kind,
        pieceLength: 32 * KIB,
        private: isPrivate,
        trackers: [[isPrivate ? "http://priv.example/announce" : "http://pub.example/announce"]],
        webSeeds: [`http://${webKind}${i}.example/`],
      });
      world.web.serveRanges(`${webKind}${i}.example`, webServer(made, webKind, rng));
      const trackers = new Set([isPrivate ? "priv.example" : "pub.example"]);
      this.items.push({
        made,
        dir: `/out${i}`,
        asMagnet: i % 2 === 1,
        isPrivate,
        trackers,
        torrent: null,
        isPaused: false,
      });
    }
    const at = (n: number): object => ({
      addresses: [`93.184.1.${n}`],
      link: LINK,
      config: { obfuscation: "prefer" },
    });
    const friends: Node[] = [];
    for (const [n, { made }] of this.items.entries()) {
      const friend = await seedNode(world, made, "/data", at(n + 1));
      friends.push(friend);
    }
    this.#stranger = await world.node({ ...at(9), config: { obfuscation: "prefer" } });
    for (const { made, dir } of this.items) {
      world.write(this.#stranger, made, dir);
      const how = {
        metainfo: { ...made.metainfo, trackers: [] },
        downloadDir: dir,
        seedOnly: true,
        hashed: true,
      };
      await this.#stranger.session.add({ ...how, discovery: false });
    }
    this.#known = [...friends.slice(0, 2), this.#stranger].map(({ endpoint }) => endpoint);
    this.#known.push({ host: HOST, port: 6881 });
    world.checkInvariants(5);
    await this.start();
  }

  /** The session starts, or starts again after its end. */
  async start(): Promise<void> {
    const { world, rng } = this;
    const before = this.node as Node | undefined;
    const kept =
      before === undefined ? {} : { disk: world.disk(before.disk.store, DISK), store: before.store };
    this.#finder = new LyingFinder(world, rng, this.#known, (name) => this.#isSecret(name));
    const maxConnections = 4 + rng.below(20);
    this.node = await world.node({
      diskSpec: DISK,
      addresses: [HOST],
      link: LINK,
      ...kept,
      finders: [this.#finder],
      config: { obfuscation: this.#policy, maxConnections, maxConnectionsPerTorrent: 2 + rng.below(8) },
    });
    this.#filter = null;
    for (const item of this.items) await world.finish(this.#add(item));
  }

  async #add(item: Item): Promise<void> {
    const { made, asMagnet, dir, torrent } = item;
    const { infoHashes, trackers, webSeeds, torrentBytes } = { ...made.metainfo, ...made };
    const magnet = formatMagnet({
      infoHashes,
      trackers: trackers.flat(),
      webSeeds,
      name: null,
      peers: [],
      exactLength: null,
      selectOnly: null,
    });
    const row = torrent?.row() ?? null;
    const rests = { load: () => Promise.resolve(torrentBytes) };
    const source = asMagnet ? { magnet } : row !== null ? { row, ...rests } : { torrentBytes, ...rests };
    item.isPaused = false;
    try {
      const listener = (event: TorrentEvent): void => void this.#events.push(event);
      item.torrent = await this.node.session.add({
        ...source,
        downloadDir: dir,
        existing: "overwrite",
        listener,
      });
    } catch (error) {
      if (!(error instanceof ShoalError && MAY_FAIL.has(error.code))) throw error;
      this.#note(`not added: ${error.message}`);
    }
  }

  async step(): Promise<void> {
    const { rng, node, world } = this;
    const item = this.items[rng.below(this.items.length)]!;
    const { torrent } = item;
    const name = item.dir;
    if (torrent === null) return this.#call(`add ${name}`, this.#add(item));
    switch (rng.below(27)) {
      case 0:
      case 1:
        item.isPaused = true;
        return this.#call(`pause ${name}`, torrent.pause());
      case 2:
      case 3:
        item.isPaused = false;
        this.#note(`resume ${name}`);
        return torrent.resume();
      case 4:
        item.isPaused = false;
        return this.#call(`recheck ${name}`, torrent.recheck());
      case 5: {
        const deleteData = rng.below(2) === 0;
        const gone = node.session.remove(torrent, { deleteData });
        this.#call(`remove ${name} ${deleteData}`, gone);
        item.torrent = null;
        if (rng.below(2) === 0) this.#call(`add ${name} at once`, this.#add(item));
        return;
      }
      case 6: {
        const host = ["pub.example", "silent.example", "refuses.example", "more.example"][rng.below(4)]!;
        item.trackers.add(host);
        this.#note(`add tracker ${host} ${name}`);
        return torrent.addTrackers([`http://${host}/announce`]);
      }
      case 7: {
        const all = torrent.trackers();
        const url = all[rng.below(Math.max(1, all.length))]?.url ?? "http://none.example/";
        this.#note(`remove tracker ${url} ${name}`);
        torrent.removeTracker(url);
        return;
      }
      case 8:
        return this.#call(`scrape ${name}`, torrent.scrape());
      case 9:
      case 10:
        this.#note(`announce ${name}`);
        return torrent.announce();
      case 11: {
        const to = rng.below(2) === 0 ? node.endpoint : randomEndpoint(rng);
        this.#note(`peer ${to.host} ${name}`);
        return torrent.addPeer(to);
      }
      case 12:
      case 13: {
        this.#filter = this.#filter === null ? blocked(`93.184.1.${1 + rng.below(9)}`) : null;
        this.#note(`filter ${this.#filter !== null}`);
        return node.session.setIpFilter(this.#filter);
      }
      case 14:
        this.#note(node.net.obstacle === null ? "way out lost" : "way out");
        return node.net.setObstacle(node.net.obstacle === null ? "waits for interface tun0" : null);
      case 15:
        this.#note("cut");
        return node.net.cut();
      case 16:
      case 17:
        this.#note(`pester ${name}`);
        for (let i = rng.below(4); i >= 0; i--) pester(world, rng, node, item.made, this.#known);
        return;
      case 18:
        return this.#call(
          `want ${name}`,
          torrent.setFilePriorities(new Map([[0, rng.below(2) === 0 ? 0 : 4]])),
        );
      case 19:
        return this.#call(`wake ${name}`, torrent.wake());
      case 20:
        if (rng.below(3) > 0) return this.#call(`files ${name}`, torrent.files());
        this.#note("kill");
        node.kill();
        this.#finder.seekings.clear();
        return this.start();
      case 21: {
        if (rng.below(2) === 0)
          return this.#call(`move ${name}`, torrent.moveTo(`${item.dir}/x${rng.below(2)}`));
        this.#note("close");
        const closing = node.session.close();
        if (rng.below(2) === 0) await this.#useAfterEnd();
        await world.finish(closing);
        await this.#assertNothingLeft();
        return this.start();
      }
      case 22:
      case 23:
      case 24:
        return this.#note(`${changeRules(rng, node.session, torrent)} ${name}`);
      default:
        for (const { torrent: one } of this.items)
          if (one !== null)
            void [one.stats(), one.peers(), one.webSeeds(), one.finders(), one.trackers(), one.row()];
        node.session.changes(0);
    }
  }

  async run(steps: number): Promise<void> {
    await this.begin();
    for (let step = 0; step < steps; step++) {
      await this.step();
      await this.world.run(pauseOf(this.rng));
      this.assertTrue();
    }
  }

  assertTrue(): void {
    assertRules(this.node.session);
    assert.deepEqual(this.#unexpected, []);
    assert.deepEqual(this.#finder.faults, []);
    const { asked } = this.world.web;
    for (const { name, host } of announcedNames(asked.slice(this.#asked))) {
      const item = this.items.find(({ made }) => namesOf(made).includes(name))!;
      assert.ok(!item.isPrivate || item.trackers.has(host), `private ${item.dir} was told to ${host}`);
    }
    this.#asked = asked.length;
    for (const { torrent, isPrivate, isPaused, dir } of this.items) {
      if (torrent === null) continue;
      if (isPaused) assert.equal(torrent.state, "paused", `${dir} stays paused`);
      for (const { host, source } of torrent.peers()) {
        assert.ok(!this.#isBlocked(host), `${host} is blocked`);
        if (!isPrivate || torrent.metainfo === null) continue;
        assert.ok(!OPEN_SOURCES.has(source), `${dir} has ${host} by ${source}`);
        assert.notEqual(host, this.#stranger.host, `${dir} met a stranger`);
      }
    }
  }

  /** All is well again, and nobody does anything. */
  async calm(): Promise<void> {
    const { world, node } = this;
    this.#note("calm");
    node.net.setObstacle(null);
    node.session.setIpFilter(null);
    liftRules(node.session);
    this.#filter = null;
    await world.run(5_000);
    for (const item of this.items) {
      if (item.torrent === null) await world.finish(this.#add(item));
      item.isPaused = false;
      const torrent = item.torrent!;
      torrent.resume();
      const tracker = item.isPrivate ? "priv.example" : "pub.example";
      torrent.addTrackers([`http://${tracker}/announce`]);
      // A private torrent asks one that answers, and no other.
      for (const { url } of torrent.trackers()) if (!url.includes(tracker)) torrent.removeTracker(url);
      await world.run(5_000);
      torrent.resume();
      const friend = { host: `93.184.1.${this.items.indexOf(item) + 1}`, port: 6881 };
      if (torrent.metainfo === null) torrent.addPeer(friend);
      await world.until(
        `${item.dir} has its file list`,
        () => torrent.metainfo !== null || torrent.isAtRest,
        3_600_000,
      );
      await world.finish(this.#want(torrent), 600_000);
      torrent.resume();
    }
    for (const { torrent, dir } of this.items) {
      await world.until(`${dir} complete`, () => torrent!.state === "seeding", 2 * 3_600_000);
      this.assertTrue();
    }
    const blamed = this.#events.filter((event) => event.type === "banned" && event.host.startsWith("93."));
    assert.deepEqual(blamed, []);
  }

  /** A person gets what is in the way out of it. */
  async #want(torrent: Torrent): Promise<void> {
    try {
      await torrent.setFilePriorities(new Map([[0, 4]]));
    } catch (error) {
      if (!(error instanceof ShoalError && error.code === "ERR_FILE_EXISTS")) throw error;
      this.node.disk.files.delete(error.details["path"] as string);
      await torrent.setFilePriorities(new Map([[0, 4]]));
    }
  }

  async end(): Promise<void> {
    await this.world.finish(this.node.session.close());
    await this.#assertNothingLeft();
  }

  /** Calls that come too late. */
  async #useAfterEnd(): Promise<void> {
    const { rng, world } = this;
    for (const { torrent, trackers } of this.items) {
      if (torrent === null) continue;
      trackers.add("late.example");
      this.#call("late pause", torrent.pause());
      torrent.resume();
      torrent.announce();
      torrent.addPeer(randomEndpoint(rng));
      torrent.addTrackers(["http://late.example/announce"]);
      torrent.removeTracker("http://late.example/announce");
      this.#call("late scrape", torrent.scrape());
      this.#call("late wake", torrent.wake());
      this.#call("late recheck", torrent.recheck());
    }
    await world.run(rng.below(50));
  }

  async #assertNothingLeft(): Promise<void> {
    const { node, world } = this;
    assert.equal(node.clock.timers, 0, "no timer");
    assert.equal(node.disk.opened, 0, "no storage");
    assert.equal(node.store.locked.size, 0, "no lock");
    assert.deepEqual(node.disk.afterClose, []);
    assert.ok(this.#finder.isClosed);
    assert.deepEqual(this.#finder.faults, []);
    // What was said last is on its way.
    await world.run(60_000);
    assert.equal(node.clock.timers, 0, "no timer comes back");
    assert.deepEqual(node.session.inUse(), { connections: 0, halfOpen: 0, slots: 0 });
    assert.equal(node.net.connections.size, 0, "no connection");
  }

  #isSecret(name: string): boolean {
    const item = this.items.find(({ made }) => namesOf(made).includes(name));
    if (item === undefined || !item.isPrivate) return false;
    return !item.asMagnet || (item.torrent?.metainfo ?? null) !== null;
  }

  #isBlocked(host: string): boolean {
    return this.#filter?.has(host) === true;
  }

  #note(what: string): void {
    this.story.push(`${Math.round(this.world.now())} ${what}`);
  }

  #call(what: string, done: Promise<unknown>): void {
    this.#note(what);
    const { node } = this;
    done.catch((error: unknown) => {
      if (!node.isAlive || (error instanceof ShoalError && MAY_FAIL.has(error.code))) return;
      this.#unexpected.push(error);
    });
  }
}

function namesOf({ metainfo }: Made): string[] {
  return shortHashes(metainfo.infoHashes).map(toHex);
}

const FROM = Number(process.env["STORM_FROM"] ?? 1);
const SEEDS = Number(process.env["STORM_SEEDS"] ?? 8);

for (let seed = FROM; seed < FROM + SEEDS; seed++) {
  test(`whatever happens to a session that finds peers by all means, it ends well (seed ${seed})`, async () => {
    const storm = new Storm(seed);
    try {
      await storm.run(60);
      await storm.calm();
      await storm.end();
    } catch (error) {
      const last = storm.story.slice(-Number(process.env["STORM_STORY"] ?? 30)).join("\n");
      const states = storm.items.map(
        ({ dir, torrent }) =>
          `${dir} ${torrent?.state} ${torrent?.error?.message ?? ""} ${JSON.stringify(torrent?.stats().waiting)}`,
      );
      const story = `${last}\n${states.join("\n")}`;
      throw new Error(`seed ${seed}: ${(error as Error).message}\n${story}`, { cause: error });
    }
  });
}
