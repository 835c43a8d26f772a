import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Child } from "../child.ts";
import { poll } from "../poll.ts";
import type { HttpAnswer, Stage } from "../stage.ts";
import { decodeBencodeNode } from "../torrent-facts.ts";
import type { BencodeNode, TorrentFacts } from "../torrent-facts.ts";

export interface TrackerCounts {
  readonly seeds: number;
  readonly leechers: number;
  /** How many said that they completed it. */
  readonly completed: number;
}

/** Names of a torrent, in hex. */
type Names = Pick<TorrentFacts, "infoHashV1" | "infoHashV2">;

/** opentracker, over HTTP and UDP on one port. Debian's build serves only torrents that it was told of before. */
export class Opentracker {
  readonly httpUrl: string;
  readonly udpUrl: string;
  readonly child: Child;
  readonly #stage: Stage;
  readonly #base: string;

  private constructor(stage: Stage, child: Child, host: string, port: number) {
    this.#stage = stage;
    this.child = child;
    this.#base = `http://${host}:${port}`;
    this.httpUrl = `${this.#base}/announce`;
    this.udpUrl = `udp://${host}:${port}/announce`;
  }

  /** `torrents` are those it will serve; of a hybrid both halves. */
  static async start(stage: Stage, torrents: readonly Names[]): Promise<Opentracker> {
    const host = stage.nextHost();
    const port = await stage.freePort(host);
    const dir = stage.folder("opentracker");
    // It changes its root to this folder and its user to nobody.
    chmodSync(stage.dir, 0o755);
    chmodSync(dir, 0o755);
    const hashes = torrents.flatMap((facts) => [facts.infoHashV1, facts.infoHashV2?.slice(0, 40) ?? null]);
    writeFileSync(join(dir, "whitelist"), hashes.map((hash) => (hash === null ? "" : `${hash}\n`)).join(""));
    const child = stage.spawn({
      name: "opentracker",
      command: "opentracker",
      cwd: dir,
      args: [
        "-i",
        host,
        "-p",
        String(port),
        "-P",
        String(port),
        "-d",
        dir,
        "-u",
        "nobody",
        "-w",
        "whitelist",
      ],
    });
    const tracker = new Opentracker(stage, child, host, port);
    await child.answers(() => stage.http(`${tracker.#base}/stats`));
    return tracker;
  }

  /** What the tracker knows of a torrent, over both halves of a hybrid. */
  async counts(facts: Names): Promise<TrackerCounts> {
    let seeds = 0;
    let leechers = 0;
    let completed = 0;
    for (const hex of [facts.infoHashV1, facts.infoHashV2?.slice(0, 40)]) {
      if (hex === null || hex === undefined) continue;
      const escaped = hex.replaceAll(/../g, "%$&");
      const answer = await this.#stage.http(`${this.#base}/scrape?info_hash=${escaped}`);
      const counts = scrapeCounts(answer, hex);
      seeds = Math.max(seeds, counts.seeds);
      leechers = Math.max(leechers, counts.leechers);
      completed = Math.max(completed, counts.completed);
    }
    return { seeds, leechers, completed };
  }

  waitForSeeds(facts: Names, count: number = 1): Promise<void> {
    return this.waitFor(`${count} seeds`, facts, (counts) => counts.seeds >= count);
  }

  async waitFor(
    what: string,
    facts: Names,
    reached: (counts: TrackerCounts) => boolean,
    within: number = 20_000,
  ): Promise<void> {
    let last: TrackerCounts | null = null;
    const look = async (): Promise<boolean> => {
      last = await this.counts(facts);
      return reached(last);
    };
    try {
      await poll(`opentracker knows ${what}`, look, { within, every: 50 });
    } catch (error) {
      throw new Error(`${(error as Error).message}; it knows ${JSON.stringify(last)}`, { cause: error });
    }
  }
}

function scrapeCounts(answer: HttpAnswer, hex: string): TrackerCounts {
  if (answer.status !== 200) throw new Error(`opentracker answered ${answer.status}`);
  const root = decodeBencodeNode(Buffer.from(answer.body, "latin1")) as Map<string, BencodeNode>;
  const files = root.get("files") as Map<string, BencodeNode> | undefined;
  const row = files?.get(Buffer.from(hex, "hex").toString("latin1")) as Map<string, BencodeNode> | undefined;
  return {
    seeds: (row?.get("complete") as number | undefined) ?? 0,
    leechers: (row?.get("incomplete") as number | undefined) ?? 0,
    completed: (row?.get("downloaded") as number | undefined) ?? 0,
  };
}
