import type { Torrent, TorrentFiles, TorrentTrackers } from "@shoal/schema";

import type { Context } from "../../context.ts";
import type { DaemonClient } from "../../daemon-client.ts";
import { CliError } from "../../errors.ts";
import { freeSpace } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { formatSize } from "../../ui/sizes.ts";
import type { Output } from "../../ui/output.ts";
import type { Handed } from "./hand-over.ts";
import {
  type Asked,
  downloadLines,
  fileList,
  headline,
  lookingLine,
  lookingLines,
  statusLine,
  stillLooking,
} from "./view.ts";

const LOOKING_PATIENCE_MS = 60_000;
const PROGRESS_EVENT_MS = 500;

export interface FollowWish {
  /** Several are followed: each line says which one it is about. */
  readonly named: boolean;
  /** Flags that fit none of these paths. */
  readonly unmatched: (paths: readonly string[]) => readonly string[];
}

/** One transfer of the daemon, looked at again and again until it has all it wants: tells people and programs what happens. */
export class Followed {
  readonly #context: Context;
  readonly #output: Output;
  readonly #daemon: DaemonClient;
  readonly #startedAt: number;
  readonly #hadAtStart: number;
  readonly #named: boolean;
  readonly #unmatched: FollowWish["unmatched"];
  readonly #fresh: boolean;
  #torrent: Torrent;
  #asked: Asked | null = null;
  #toldFiles = false;
  #toldLooking = false;
  #progressAt = -Infinity;
  /** Of the file or folder in the download folder that holds it all. */
  #rootName: string | null = null;
  failure: CliError | null = null;

  constructor(
    context: Context,
    output: Output,
    daemon: DaemonClient,
    { torrent, known }: Handed,
    { named, unmatched }: FollowWish,
  ) {
    this.#fresh = !known;
    this.#unmatched = unmatched;
    this.#context = context;
    this.#output = output;
    this.#daemon = daemon;
    this.#torrent = torrent;
    this.#named = named;
    this.#startedAt = context.now();
    this.#hadAtStart = torrent.have;
  }

  get torrent(): Torrent {
    return this.#torrent;
  }

  get complete(): boolean {
    const { state, finishedAt } = this.#torrent;
    return state === "seeding" || state === "finished" || finishedAt !== null;
  }

  /** It is complete, or will never be without somebody's help. */
  get ended(): boolean {
    return this.complete || this.failure !== null;
  }

  get hasMetadata(): boolean {
    return this.#torrent.pieceCount > 0;
  }

  get elapsedMs(): number {
    return this.#context.now() - this.#startedAt;
  }

  /** Something was fetched since this began. */
  get fetched(): boolean {
    return this.#torrent.have > this.#hadAtStart;
  }

  get rootName(): string {
    return this.#rootName ?? this.#torrent.name;
  }

  get asked(): Asked | null {
    return this.#asked;
  }

  /** Asks how it stands. What goes wrong with the transfer becomes its failure; what goes wrong with the daemon is thrown. */
  async look(): Promise<void> {
    if (this.ended) return;
    const path = `/torrents/${this.#torrent.id}`;
    try {
      this.#torrent = await this.#daemon.get<Torrent>(path);
      if (this.hasMetadata) await this.#showFiles(path);
      else await this.#lookWhoIsAsked(path);
    } catch (error) {
      if (!(error instanceof CliError) || error.code !== "ERR_NOT_FOUND") throw error;
      this.failure = new CliError("ERR_NOT_FOUND", `${clean(this.#torrent.name)} was taken off the list`);
    }
    const { error, id, name } = this.#torrent;
    if (error !== null) {
      const message = `${clean(name)}: ${clean(error.message)}`;
      this.failure = new CliError(
        error.code as CliError["code"],
        message,
        `Try again with: shoal resume ${id}`,
      );
    }
    this.#tell();
  }

  /** For the live area. */
  lines(): string[] {
    const { waiting, name } = this.#torrent;
    const { columns, noteStyle: style } = this.#output;
    const head = this.#named ? [clean(name)] : [];
    if (this.failure !== null) return [...head, `   ${this.failure.message}`];
    if (this.complete) return [...head, "   done"];
    if (!this.hasMetadata && this.#asked !== null)
      return [...head, ...lookingLines(this.#asked, waiting, columns)];
    if (waiting?.code === "paused-user")
      return [...head, `   paused; go on with: shoal resume ${this.#torrent.id}`];
    return [...head, ...downloadLines(this.#torrent, 0, style, columns)];
  }

  /** One line for logs. */
  status(): string {
    if (!this.hasMetadata && this.#asked !== null) return lookingLine(this.#asked, this.#torrent.waiting);
    return statusLine(this.#torrent.name, this.#torrent);
  }

  /** The numbers of the end are never missing. */
  finalProgress(): void {
    this.#output.event("progress", this.#progress());
  }

  #tell(): void {
    const now = this.#context.now();
    if (this.#output.json && now - this.#progressAt >= PROGRESS_EVENT_MS) {
      this.#progressAt = now;
      this.#output.event("progress", this.#progress());
    }
    if (this.hasMetadata || this.#asked === null) return;
    if (!this.#toldLooking && this.elapsedMs > LOOKING_PATIENCE_MS) {
      this.#toldLooking = true;
      const { peers, waiting } = this.#torrent;
      this.#output.note(stillLooking(this.#asked, peers, waiting, "Ctrl-C leaves it to the daemon (exit 6)"));
    }
  }

  #progress(): Record<string, unknown> {
    const { id, state, wanted, have, pieceCount, piecesHave, downloaded, uploaded, wasted } = this.#torrent;
    const { downRate, upRate, peers, seeds, etaMs, waiting } = this.#torrent;
    const sizes = { wanted, have, pieceCount, piecesHave, downloaded, uploaded, wasted };
    return { id, state, ...sizes, downRate, upRate, peers, seeds, etaMs, waiting };
  }

  async #lookWhoIsAsked(path: string): Promise<void> {
    const { trackers, finders } = await this.#daemon.get<TorrentTrackers>(`${path}/trackers`);
    this.#asked = {
      trackers: trackers.filter(({ state }) => state !== "idle").length,
      trackersAnswered: trackers.filter(({ state }) => state === "ok").length,
      trackersRefused: trackers.filter(({ refused }) => refused).length,
      peersNamed: trackers.reduce((sum, { peers }) => sum + peers, 0),
      peersContacted: this.#torrent.peers,
      finders,
    };
  }

  /** Once, as soon as it is known what will be fetched. */
  async #showFiles(path: string): Promise<void> {
    if (this.#toldFiles) return;
    this.#toldFiles = true;
    const { files } = await this.#daemon.get<TorrentFiles>(`${path}/files`);
    this.#rootName = files[0]?.path.split("/")[0] ?? null;
    const { name, v1, v2, pieceCount, downloadDir } = this.#torrent;
    const totalSize = files.reduce((sum, { size }) => sum + size, 0);
    const output = this.#output;
    const identity = { id: this.#torrent.id, name, infoHashV1: v1, infoHashV2: v2 };
    output.event("metadata", { ...identity, pieceCount, totalSize, private: this.#torrent.private });
    output.event("files", {
      files: files.map((file, at) => ({
        number: at + 1,
        path: file.path,
        size: file.size,
        wanted: file.wanted,
      })),
    });
    const here = this.#daemon.address.type === "socket";
    const freeBytes = here ? await freeSpace(downloadDir) : null;
    const free = freeBytes === null ? "" : `.  ${formatSize(freeBytes)} free`;
    output.note(`${headline({ name, layout: { contentSize: totalSize } }, files)}${free}`);
    await this.#checkSelection(path, files);
    if (!this.#named) for (const line of fileList(files, output.columns, output.noteStyle)) output.note(line);
  }

  /** A choice that fits no file is a mistake: nothing of it stays. */
  async #checkSelection(path: string, files: TorrentFiles["files"]): Promise<void> {
    const unmatched = this.#unmatched(files.map((file) => file.path));
    if (files.some(({ wanted }) => wanted)) {
      for (const word of unmatched) this.#output.warn(`No file matches ${clean(word)}.`);
      return;
    }
    const why = unmatched.some((word) => word.startsWith("--select"))
      ? "No file matches --select"
      : "Every file is left out by the link or by --priority";
    const advice = "The list above has all files; choose by pattern or number.";
    this.failure = new CliError("ERR_NOTHING_SELECTED", why, advice);
    if (this.#fresh) await this.#daemon.delete(path);
  }
}
