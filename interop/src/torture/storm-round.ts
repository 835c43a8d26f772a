import {
  closeSync,
  cpSync,
  existsSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createTorrent, type Metainfo } from "@shoal/engine";
import {
  type Payload,
  type PayloadSpec,
  Shoal,
  type Stage,
  TestRandom,
  assertSameTree,
  listTree,
  openStage,
  readTorrent,
  torrentSpace,
  writePayload,
} from "@shoal/testkit";
import { type ClaimCheck, checkClaims } from "./claims.ts";

/** What befalls the processes: their end without warning, or a pause in which the others go on. */
export type Storm = "kill" | "stop";

export interface RoundResult {
  readonly seed: number;
  /** In words: what was sent, and what happened. */
  readonly story: string;
  readonly kills: number;
  readonly claimsChecked: number;
  readonly wrong: readonly string[];
  /** Bytes that were verified when a process was killed, and those of them that were claimed afterwards. */
  readonly hadBytes: number;
  readonly keptBytes: number;
  readonly ms: number;
  /** Null when all went well. */
  readonly failure: string | null;
  /** Folder with everything the round left behind; only of a failed one. */
  readonly evidence: string | null;
}

const KINDS = ["v1", "v2", "hybrid"] as const;
const KIB = 1024;
const END_MS = 60_000;

/** One round: a download between two processes of ours, both ended at random moments and started again, until it is through. */
export async function playRound(storm: Storm, seed: number, evidenceDir: string): Promise<RoundResult> {
  const started = performance.now();
  const endings: (() => Promise<void> | void)[] = [];
  const stage = openStage({
    name: `${storm} ${seed}`,
    after: (run) => void endings.push(run),
    diagnostic: () => {},
  });
  const round = new Round(stage, storm, seed);
  let failure: string | null = null;
  let evidence: string | null = null;
  try {
    await round.play();
  } catch (error) {
    failure = (error as Error).message;
    evidence = join(evidenceDir, `${storm}-${seed}`);
    cpSync(stage.dir, evidence, { recursive: true });
    writeFileSync(join(evidence, "story.txt"), `${round.story.join("\n")}\n${failure}\n`);
  }
  for (const end of endings) await end();
  const { kills, claimsChecked, wrong, hadBytes, keptBytes } = round;
  const story = round.story.join(", ");
  const ms = Math.round(performance.now() - started);
  return { seed, story, kills, claimsChecked, wrong, hadBytes, keptBytes, ms, failure, evidence };
}

class Round {
  readonly story: string[] = [];
  readonly wrong: string[] = [];
  kills = 0;
  claimsChecked = 0;
  hadBytes = 0;
  keptBytes = 0;
  readonly #stage: Stage;
  readonly #storm: Storm;
  readonly #random: TestRandom;
  #payload!: Payload;
  #metainfo!: Metainfo;
  #space!: Uint8Array;
  #sendArgs: readonly string[] = [];
  #getArgs: readonly string[] = [];
  readonly #sendState: string;
  readonly #getState: string;
  readonly #dir: string;
  #seeder!: Shoal;

  constructor(stage: Stage, storm: Storm, seed: number) {
    this.#stage = stage;
    this.#storm = storm;
    this.#random = new TestRandom(seed);
    this.#sendState = stage.folder("send-state");
    this.#getState = stage.folder("get-state");
    this.#dir = stage.folder("got");
  }

  async play(): Promise<void> {
    const random = this.#random;
    await this.#prepare();
    this.#seeder = await this.#send();
    const lives = random.between(1, 4);
    for (let life = 0; life < lives; life++) {
      const shoal = Shoal.get(this.#stage, this.#getArgs, this.#getState);
      await this.#wait(shoal);
      if (this.#storm === "stop") await this.#pause(shoal);
      if (random.below(4) === 0) await this.#restartSeeder();
      if (!(await this.#end(shoal))) break;
      await this.#compare(shoal);
      if (random.below(4) === 0) await this.#spoil();
    }
    const last = Shoal.get(this.#stage, this.#getArgs, this.#getState);
    if (random.below(6) === 0) {
      await this.#wait(last);
      await this.#restartSeeder();
    }
    await last.endsWith(0, END_MS);
    await assertSameTree(join(this.#dir, this.#payload.name), this.#payload.path);
    await this.#compare(null);
    this.story.push("complete");
  }

  async #prepare(): Promise<void> {
    const random = this.#random;
    const stage = this.#stage;
    const kind = KINDS[random.below(KINDS.length)]!;
    const size = Math.floor(64 * KIB * 2 ** (9 * Math.sqrt(random.below(1_000) / 1_000)));
    const spec = random.below(2) === 0 ? fileSpec(size, random) : folderSpec(size, random);
    const pieceLength = 16 * KIB * 2 ** random.below(size > 4_000 * KIB ? 7 : 4);
    this.#payload = await writePayload(stage.folder("data"), spec);
    const { bytes, metainfo } = await createTorrent(this.#payload.path, { kind, pieceLength });
    const file = join(stage.dir, "round.torrent");
    writeFileSync(file, bytes);
    this.#metainfo = metainfo;
    this.#space = await torrentSpace(readTorrent(file), this.#payload.dir);
    const port = await stage.freePort();
    this.#sendArgs = [file, "--data", this.#payload.dir, "--port", String(port)];
    this.#getArgs = [file, "-o", this.#dir, "--peer", `${stage.host}:${port}`, "--once"];
    const files = spec.files === undefined ? "a file" : `${Object.keys(spec.files).length} files`;
    this.story.push(
      `${kind} ${files} of ${Math.round(size / KIB)} KiB in pieces of ${pieceLength / KIB} KiB`,
    );
  }

  #send(): Promise<Shoal> {
    return Shoal.send(this.#stage, this.#sendArgs, this.#sendState);
  }

  /** Until some moment of a process's life: from its first steps to the middle of the download. */
  async #wait(shoal: Shoal): Promise<void> {
    const random = this.#random;
    const { exited } = shoal.child;
    const kind = random.below(8);
    if (kind === 0) return void (await Promise.race([delay(random.below(600)), exited]));
    if (kind > 3) return this.#waitForBytes(shoal, (random.below(1_000) / 1_000) * this.#payload.contentSize);
    const name = kind === 1 ? "listening" : "first-block";
    await Promise.race([shoal.waitFor(name, END_MS).catch(() => null), exited]);
    // A MiB takes some ten milliseconds.
    await Promise.race([delay(random.below(30 + this.#payload.contentSize / 100_000)), exited]);
  }

  /** Until about so many bytes of the download are in its files. */
  async #waitForBytes(shoal: Shoal, bytes: number): Promise<void> {
    const path = join(this.#dir, this.#payload.name);
    const until = performance.now() + END_MS;
    while (shoal.child.exit === null && performance.now() < until) {
      if ((await usedBytes(path)) >= bytes) return;
      await delay(2);
    }
  }

  async #pause(shoal: Shoal): Promise<void> {
    const victim = this.#random.below(2) === 0 ? shoal : this.#seeder;
    victim.child.signal("SIGSTOP");
    await delay(this.#random.below(800));
    victim.child.signal("SIGCONT");
    this.story.push("paused");
  }

  async #restartSeeder(): Promise<void> {
    await this.#seeder.kill();
    this.kills++;
    await delay(this.#random.below(100));
    this.#seeder = await this.#send();
    this.story.push("seeder killed");
  }

  /** Ends a download; false when it was through before. */
  async #end(shoal: Shoal): Promise<boolean> {
    if (this.#random.below(7) === 0) {
      await shoal.child.stop(20_000, "SIGTERM");
      this.story.push("terminated");
    } else {
      await shoal.kill();
      this.kills++;
      this.story.push("killed");
    }
    const { exit } = shoal.child;
    if (exit?.code !== 0) return true;
    this.story.push("was through");
    return false;
  }

  /** The claims as they are now; `shoal` is the process that made them. */
  async #compare(shoal: Shoal | null): Promise<ClaimCheck> {
    const check = await checkClaims(join(this.#getState, "shoal"), this.#metainfo, this.#space);
    this.claimsChecked += check.checked;
    this.wrong.push(...check.wrong);
    if (check.wrong.length > 0) throw new Error(`wrong claims: ${check.wrong.slice(0, 5).join("; ")}`);
    if (shoal !== null) {
      const had = Math.max(0, ...shoal.events.map(({ have }) => (typeof have === "number" ? have : 0)));
      this.hadBytes += had;
      this.keptBytes += Math.min(had, check.bytes);
      this.story.push(`${Math.round((100 * check.bytes) / this.#metainfo.layout.totalSize)} %`);
    }
    return check;
  }

  /** What a broken machine or another program does while nothing of ours runs. */
  async #spoil(): Promise<void> {
    const random = this.#random;
    const choice = random.below(3);
    if (choice === 0) {
      const folder = join(this.#getState, "shoal", "torrents");
      // It may have been killed before it remembered anything.
      const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
      for (const name of names.filter((one) => one.endsWith(".resume")))
        cutEnd(join(folder, name), random.between(1, 40));
      // What it lost may have been whose the files are.
      this.#getArgs = [...this.#getArgs, "--overwrite"];
      this.story.push("journal torn");
    } else {
      const path = join(this.#dir, this.#payload.name);
      const paths = [...(await listTree(path).catch(() => []))].map((below) => join(path, below)).sort();
      const file = paths[random.below(paths.length)];
      if (file === undefined) return;
      if (choice === 1) {
        const later = new Date(statSync(file).mtimeMs + 10_000);
        utimesSync(file, later, later);
        this.story.push("file touched");
      } else {
        truncateSync(file, Math.floor((statSync(file).size * random.below(100)) / 100));
        this.story.push("file cut");
      }
    }
    await this.#compare(null);
  }
}

/** Bytes that take room below a path: files are sparse while they grow. */
async function usedBytes(path: string): Promise<number> {
  const below = await listTree(path).catch(() => new Set<string>());
  let bytes = 0;
  for (const one of below) bytes += 512 * (statSync(join(path, one), { throwIfNoEntry: false })?.blocks ?? 0);
  return bytes;
}

function fileSpec(size: number, random: TestRandom): PayloadSpec {
  return { name: "film.bin", size, seed: random.uint32() };
}

/** A few large files, many small ones, and some empty ones. */
function folderSpec(size: number, random: TestRandom): PayloadSpec {
  const files: Record<string, number> = { "empty/one": 0 };
  let left = size;
  for (let at = 0; left > 0; at++) {
    const part =
      at > 60 ? left : Math.min(left, 1 + random.below(at % 5 === 0 ? size : Math.ceil(size / 30)));
    files[`part ${at % 3}/file ${at}`] = part;
    left -= part;
  }
  return { name: "Album", files, seed: random.uint32() };
}

/** Cuts the last bytes off a file. */
function cutEnd(path: string, bytes: number): void {
  const fd = openSync(path, "r+");
  try {
    ftruncateSync(fd, Math.max(0, readFileSync(path).length - bytes));
  } finally {
    closeSync(fd);
  }
}
