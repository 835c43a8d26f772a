import assert from "node:assert/strict";
import { test } from "node:test";
import { IDEAL_DISK, type Made, type Node, type SimulatedFile, SimulatedWorld } from "@shoal/sim";
import { type ErrorCode, ShoalError } from "../../dist/base/errors.js";
import { Xoshiro128 } from "../../dist/base/rng.js";
import type { TorrentEvent } from "../../dist/session/events.js";
import type { Torrent } from "../../dist/session/torrent-handle.js";
import { assertClaims, stateOf } from "./file-tools.ts";
import { seedNode } from "./hardening-tools.ts";
import { assertRules, changeRules, liftRules } from "./storm-rules.ts";

const KIB = 1024;
const SIZES = { a: 300_000, "sub/b": 70_000, "sub/c": 200_000, d: 40_000, empty: 0 };
const LINK = { up: 60 * KIB, down: 60 * KIB, latencyMs: 5, loss: 0 };
const DISK = { ...IDEAL_DISK, latencyMs: 5, rate: 2_000 * KIB, disorderMs: 100 };
const HOST = "10.77.0.1";
/** What a step may fail with when others come in between. */
const MAY_FAIL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "ERR_CLOSED",
  "ERR_DISK",
  "ERR_NO_SPACE",
  "ERR_FILE_EXISTS",
]);

type Kind = "v1" | "hybrid" | "v2";

/** One download to which everything happens that can, at random, without waiting for what was begun before. */
class Storm {
  readonly world: SimulatedWorld;
  readonly rng: Xoshiro128;
  readonly made: Made;
  readonly events: TorrentEvent[] = [];
  readonly story: string[] = [];
  readonly #peers: readonly { host: string; port: number }[];
  readonly #unexpected: unknown[] = [];
  readonly #rests: boolean;
  /** Somebody else touches the files, too. */
  readonly #isMeddled: boolean;
  /** Files that somebody took away, by path. */
  readonly #away: Map<string, SimulatedFile> = new Map();
  node!: Node;
  torrent!: Torrent;
  /** A download that knows nobody but this one, and hears of nobody else: all that it gets is from here. */
  #guest!: Torrent;
  /** One that nobody has, and that wants its place in the queue, too. */
  readonly #rival: Made;
  #other!: Torrent;
  /** Nothing but a call may end a pause. */
  pausedAt = Infinity;

  private constructor(
    world: SimulatedWorld,
    seed: number,
    made: Made,
    peers: readonly { host: string; port: number }[],
    isMeddled: boolean,
    rival: Made,
  ) {
    this.#rival = rival;
    this.#isMeddled = isMeddled;
    this.world = world;
    this.rng = new Xoshiro128(seed);
    this.made = made;
    this.#peers = peers;
    this.#rests = this.rng.below(2) === 0;
  }

  static async begin(seed: number, kind: Kind, isMeddled: boolean): Promise<Storm> {
    const world = new SimulatedWorld({ seed, spoilsBuffers: seed % 4 === 0 });
    const made = await world.make(SIZES, { kind, pieceLength: 32 * KIB });
    const seeds = [await seedNode(world, made, "/data", { link: LINK }), await seedNode(world, made)];
    world.checkInvariants(7);
    const storm = new Storm(
      world,
      seed,
      made,
      seeds.map(({ endpoint }) => endpoint),
      isMeddled,
      await world.make({ rival: 70_000 }, { kind, pieceLength: 32 * KIB }),
    );
    const guest = await world.node({ link: { ...LINK, down: 20 * KIB }, config: { pex: false } });
    storm.#guest = await guest.session.add({
      metainfo: made.metainfo,
      downloadDir: "/guest",
      peers: [{ host: HOST, port: 6881 }],
    });
    return storm;
  }

  /** The process starts, or starts again after its end. */
  async start(): Promise<void> {
    const { world, made } = this;
    const before = this.node as Node | undefined;
    const disk =
      before === undefined ? {} : { disk: world.disk(before.disk.store, DISK), store: before.store };
    const node = await world.node({ diskSpec: DISK, addresses: [HOST], link: LINK, ...disk });
    node.disk.isFar = before?.disk.isFar ?? this.rng.below(2) === 0;
    this.node = node;
    this.torrent = await world.finish(
      node.session.add({
        torrentBytes: made.torrentBytes,
        downloadDir: "/out",
        peers: this.#peers,
        listener: (event) => {
          this.events.push(event);
          if (event.type === "error" || event.type === "warning")
            this.#note(`${event.type}: ${event.error.message}`);
        },
        ...(this.#rests ? { load: () => Promise.resolve(made.torrentBytes) } : {}),
      }),
    );
    const { metainfo } = this.#rival;
    this.#other = await world.finish(node.session.add({ metainfo, downloadDir: "/rival" }));
    this.pausedAt = Infinity;
  }

  async step(): Promise<void> {
    const { rng, torrent, node, world } = this;
    const files = this.made.metainfo.layout.files.filter(({ pad }) => !pad);
    const file = files[rng.below(files.length)]!.index;
    if (this.#isMeddled && rng.below(6) === 0) return this.#meddle();
    switch (rng.below(18)) {
      case 0:
      case 1:
        this.pausedAt = world.now();
        return this.#call("pause", torrent.pause());
      case 2:
      case 3:
        this.pausedAt = Infinity;
        this.#note("resume");
        return torrent.resume();
      case 4:
        this.pausedAt = Infinity;
        return this.#call("recheck", torrent.recheck());
      case 5:
      case 6:
        return this.#call("move", torrent.moveTo(`/out${rng.below(3) || ""}`));
      case 7:
        return this.#call("rename root", torrent.renameRoot(`name ${rng.below(2)}`));
      case 8: {
        const root = (torrent.live?.content?.place.paths[file] ?? "folder/x").split("/")[0]!;
        return this.#call("rename", torrent.renameFile(file, `${root}/x${file}.${rng.below(2)}`));
      }
      case 9:
      case 10: {
        const priority = ([0, 0, 4, 7] as const)[rng.below(4)]!;
        return this.#call(`want ${file} ${priority}`, torrent.setFilePriorities(new Map([[file, priority]])));
      }
      case 11: {
        const isFull = node.disk.store.free < Infinity;
        this.#note(isFull ? "room" : "full");
        node.disk.store.free = isFull ? Infinity : rng.below(100_000);
        return;
      }
      case 12: {
        const kinds = ["write", "hash", "sync", "stat", "prepare", "move", "assign"] as const;
        const kind = kinds[rng.below(kinds.length)]!;
        this.#note(`${node.disk.failing.has(kind) ? "well" : "failing"} ${kind}`);
        if (!node.disk.failing.delete(kind))
          node.disk.failing.set(kind, new ShoalError("ERR_DISK", "I/O error", { reason: "EIO", path: "/x" }));
        return;
      }
      case 13:
      case 14:
      case 15:
        return this.#note(changeRules(rng, node.session, torrent));
      case 16:
        if (rng.below(3) > 0) return this.#call("first", torrent.setFirstLast(rng.below(2) === 0));
        this.#note("kill");
        node.kill();
        return this.start();
      default:
        if (rng.below(3) > 0) return this.#call("order", torrent.setSequential(rng.below(2) === 0));
        this.#note("close");
        node.disk.failing.clear();
        await world.finish(node.session.close());
        this.#assertNothingLeft();
        return this.start();
    }
  }

  async run(steps: number): Promise<void> {
    await this.start();
    for (let step = 0; step < steps; step++) {
      await this.step();
      const long = this.rng.below(20) === 0;
      await this.world.run(this.rng.below(long ? 90_000 : this.rng.below(3) === 0 ? 3_000 : 60));
      this.assertTrue();
    }
  }

  assertTrue(): void {
    if (!this.#isMeddled) assertClaims(this.node, this.made, this.torrent);
    if (!this.#isMeddled) assert.equal(this.#guest.stats().failed, 0, "what it gives away is right");
    assertRules(this.node.session);
    assert.deepEqual(this.#unexpected, []);
    if (this.pausedAt < Infinity) assert.equal(stateOf(this.torrent), "paused", "a pause lasts");
  }

  /** Somebody takes a file away, brings it back, or writes to it. */
  #meddle(): void {
    const { files } = this.node.disk;
    const own = [...files].filter(([path]) => path.startsWith("/out"));
    const [path, file] = own[this.rng.below(own.length)] ?? [];
    const [away] = this.#away;
    if (away !== undefined && this.rng.below(2) === 0) {
      this.#note(`back ${away[0]}`);
      this.#away.delete(away[0]);
      files.set(...away);
    } else if (path !== undefined && file !== undefined && this.rng.below(2) === 0) {
      this.#note(`away ${path}`);
      this.#away.set(path, file);
      files.delete(path);
    } else if (path !== undefined && file !== undefined) {
      this.#note(`changed ${path}`);
      const bytes = file.bytes.slice();
      const at = this.rng.below(bytes.length + 1);
      if (this.rng.below(2) === 0) bytes.fill(0, at, at + 10);
      const inode = file.inode;
      files.set(path, this.node.disk.put(path, this.rng.below(3) === 0 ? bytes.slice(0, at) : bytes));
      if (this.rng.below(2) === 0) Object.assign(files.get(path)!, { inode });
    }
  }

  /** All is well again, and everything is wanted. */
  async calm(): Promise<void> {
    const { world, node, torrent } = this;
    this.#note("calm");
    liftRules(node.session);
    node.disk.failing.clear();
    node.disk.store.free = Infinity;
    await world.finish(node.session.remove(this.#other, { deleteData: true }), 600_000);
    const all = this.made.metainfo.layout.files.filter(({ pad }) => !pad);
    if (this.#isMeddled) await world.finish(torrent.recheck(), 600_000);
    torrent.resume();
    await world.run(5_000);
    await world.finish(torrent.setFilePriorities(new Map(all.map(({ index }) => [index, 4]))), 600_000);
    torrent.resume();
    // A person gets what is in the way out of it, and asks for what is gone again.
    for (let tries = 0; this.#isMeddled && tries < 10; tries++) {
      await world.run(5_000);
      const { error } = torrent;
      if (error === null) break;
      if (error.code === "ERR_FILE_EXISTS") node.disk.files.delete(error.details["path"] as string);
      torrent.resume();
    }
    const isWhole = (): boolean => torrent.stats().piecesHave === torrent.stats().pieceCount;
    await world.until("complete", isWhole, 600_000);
    // What was changed between two runs is only found by reading it.
    if (this.#isMeddled) await world.finish(torrent.recheck(), 600_000);
    await world.until("complete again", isWhole, 600_000);
    await world.run(20_000);
    assert.equal(stateOf(torrent), "seeding");
    for (const { path, file } of this.#places(await world.finish(torrent.wake().then(() => null)))) {
      const found = node.disk.files.get(path)?.bytes ?? null;
      const right = this.made.files.get(file)!;
      assert.ok(found !== null && Buffer.compare(found, right) === 0, `${file} is right at ${path}`);
    }
    // What somebody brought back to where the files were before is theirs.
    const ours = [...node.disk.files.keys()].filter((path) => !path.startsWith("/data"));
    if (!this.#isMeddled) assert.equal(ours.length, this.made.files.size, `elsewhere: ${ours.join(", ")}`);
    const bad = this.events.filter(({ type }) => type === "banned");
    assert.deepEqual(bad, [], "nobody was blamed");
  }

  /** What was shared can be fetched, and all ends without a trace. */
  async end(): Promise<void> {
    const { world, node } = this;
    const taster = await world.node({ config: { pex: false } });
    const tasted = await taster.session.add({
      metainfo: this.made.metainfo,
      downloadDir: "/taste",
      peers: [node.endpoint],
    });
    await world.until("what it shares is right", () => tasted.state === "seeding", 600_000);
    assert.equal(tasted.stats().wasted, 0);
    await world.finish(node.session.remove(this.torrent, { deleteData: true }));
    const left = [...node.disk.files.keys()].filter((path) => !path.startsWith("/data"));
    if (!this.#isMeddled) assert.deepEqual(left, [], "its files are deleted");
    assert.equal(node.store.journals.size, 0);
    await world.finish(node.session.close());
    this.#assertNothingLeft();
  }

  #assertNothingLeft(): void {
    assert.equal(this.node.clock.timers, 0, "no timer");
    assert.equal(this.node.disk.opened, 0, "no storage");
    assert.equal(this.node.store.locked.size, 0, "no lock");
    assert.deepEqual(this.node.disk.afterClose, []);
  }

  #places(_awake: null): { path: string; file: string }[] {
    const paths = this.torrent.live!.content!.place.paths;
    return this.made.metainfo.layout.files
      .filter(({ pad }) => !pad)
      .map(({ index, path }) => ({
        path: `${this.torrent.downloadDir}/${paths[index]!}`,
        file: path.join("/"),
      }));
  }

  #note(what: string): void {
    this.story.push(`${Math.round(this.world.now())} ${what} (${this.torrent.state})`);
  }

  #call(what: string, done: Promise<unknown>): void {
    this.#note(what);
    const node = this.node;
    done.catch((error: unknown) => {
      if (!node.isAlive || (error instanceof ShoalError && MAY_FAIL.has(error.code))) return;
      this.#unexpected.push(error);
    });
  }
}

const KINDS: readonly Kind[] = ["v1", "hybrid", "v2"];
const FROM = Number(process.env["STORM_FROM"] ?? 1);
const SEEDS = Number(process.env["STORM_SEEDS"] ?? 24);

for (let seed = FROM; seed < FROM + SEEDS; seed++) {
  const isMeddled = seed % 4 === 0;
  const what = isMeddled ? "and to its files" : "it claims what is there";
  test(`whatever happens to a download, ${what}, it ends whole (seed ${seed})`, async () => {
    const storm = await Storm.begin(seed, KINDS[seed % 3]!, isMeddled);
    try {
      await storm.run(40);
      await storm.calm();
      await storm.end();
    } catch (error) {
      const { state, error: reason } = storm.torrent;
      const story = `${storm.story.slice(-Number(process.env["STORM_STORY"] ?? 30)).join("\n")}\n${state} ${reason?.message ?? ""}`;
      throw new Error(`seed ${seed}: ${(error as Error).message}\n${story}`, { cause: error });
    }
  });
}
