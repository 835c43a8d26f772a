import type { Context } from "../../context.ts";
import type { CheckProgress, Metainfo, ShoalError, Torrent, TorrentEvent } from "../../engine.ts";
import { CliError, toFailure } from "../../errors.ts";
import { clean, cleanShort } from "../../ui/clean.ts";
import type { Output } from "../../ui/output.ts";
import { formatSize } from "../../ui/sizes.ts";
import { checkLine } from "../check-line.ts";
import { hashFields } from "../torrent/describe.ts";
import { TrackerNotes } from "../tracker-notes.ts";
import { WebSeedNotes } from "../web-seed-notes.ts";
import { checkFields, peerFields, progressFields, trackerFields } from "../transfer-events.ts";
import { formatPeer, type PeerAddress } from "../option.ts";
import type { Plan, PlannedFile } from "./plan.ts";
import type { Asked } from "./view.ts";
import {
  downloadLines,
  failedPeer,
  fileList,
  headline,
  lookingLine,
  lookingLines,
  sharingLine,
  statusLine,
  stillLooking,
} from "./view.ts";

const LOOKING_PATIENCE_MS = 60_000;
const PROGRESS_EVENT_MS = 500;

/** Follows one torrent from its first event to the end of the command: tells people and programs what happens. */
export class Download {
  readonly #context: Context;
  readonly #output: Output;
  readonly #plan: (metainfo: Metainfo) => Plan;
  readonly #freeBytes: number | null;
  readonly #startedAt: number;
  /** Peers of --peer, as shown. */
  readonly #named: ReadonlySet<string>;
  readonly #toldFailed: Set<string> = new Set();
  readonly #trackers: Map<string, { ok: boolean; refused: boolean; peers: number }> = new Map();
  readonly #notes: TrackerNotes;
  readonly #webSeeds: WebSeedNotes;
  readonly #contacted: Set<string> = new Set();
  readonly #settle: { resolve: () => void; reject: (error: unknown) => void };
  /** Settles when everything wanted is verified and on disk, or the torrent failed for good. */
  readonly finished: Promise<void>;
  #torrent: Torrent | null = null;
  #checked: CheckProgress | null = null;
  #files: readonly PlannedFile[] | null = null;
  #hadData = false;
  #complete = false;
  #toldLooking = false;
  #progressAt = -Infinity;

  constructor(
    context: Context,
    output: Output,
    plan: (metainfo: Metainfo) => Plan,
    freeBytes: number | null,
    named: readonly PeerAddress[],
  ) {
    this.#context = context;
    this.#output = output;
    this.#notes = new TrackerNotes(output);
    this.#webSeeds = new WebSeedNotes(output);
    this.#plan = plan;
    this.#freeBytes = freeBytes;
    this.#named = new Set(named.map(shownPeer));
    this.#startedAt = context.now();
    const settle = { resolve: (): void => undefined, reject: (_error: unknown): void => undefined };
    this.finished = new Promise((resolve, reject) => {
      settle.resolve = resolve;
      settle.reject = reject;
    });
    this.#settle = settle;
    // It is awaited later; until then a rejection is not unhandled.
    this.finished.catch(() => undefined);
  }

  get complete(): boolean {
    return this.#complete;
  }

  get elapsedMs(): number {
    return this.#context.now() - this.#startedAt;
  }

  /** Something was fetched now, not only found on disk. */
  get fetched(): boolean {
    return this.#hadData;
  }

  /** All of it was read and compared, rather than believed from an earlier run. */
  get wasRead(): boolean {
    return (
      this.#checked !== null &&
      this.#checked.reason !== "sample" &&
      this.#checked.pieceCount === this.#torrent?.stats().pieceCount
    );
  }

  /** The file or folder in the download folder that holds it all. */
  get rootName(): string {
    return (this.#files?.[0]?.path ?? "").split("/")[0] ?? "";
  }

  get hasMetadata(): boolean {
    return (this.#torrent?.metainfo ?? null) !== null;
  }

  get asked(): Asked {
    const results = [...this.#trackers.values()];
    const trackers = this.#torrent?.trackers() ?? [];
    return {
      trackers: trackers.filter(({ state }) => state !== "idle").length,
      trackersAnswered: results.filter(({ ok }) => ok).length,
      trackersRefused: results.filter(({ refused }) => refused).length,
      peersNamed: results.reduce((sum, { peers }) => sum + peers, 0),
      peersContacted: this.#contacted.size,
      finders: this.#torrent?.finders() ?? [],
    };
  }

  /** The torrent was added. Events may have come before. */
  attach(torrent: Torrent): void {
    this.#torrent = torrent;
    this.#showFiles();
  }

  onEvent(event: TorrentEvent): void {
    const output = this.#output;
    switch (event.type) {
      case "metadata":
      case "state":
        this.#showFiles();
        break;
      case "checked":
        this.#checked = event;
        output.checked({ ...checkFields(event) });
        this.tick();
        break;
      case "first-block":
        this.#hadData = true;
        output.event("first-block");
        break;
      case "complete":
        this.#showFiles();
        this.#complete = true;
        this.#settle.resolve();
        break;
      case "error":
        if (this.#complete) this.#warn(event.error);
        this.#settle.reject(explain(event.error));
        break;
      case "warning":
        this.#warn(event.error);
        break;
      case "peer-connected":
        this.#contacted.add(`${event.peer.host}:${event.peer.port}`);
        output.event("peer-connected", peerFields(event.peer));
        output.detail(`connected to ${clean(event.peer.host)}:${event.peer.port}`);
        break;
      case "peer-disconnected":
        output.event("peer-disconnected", { ...peerFields(event.peer), reason: event.reason });
        output.detail(
          `${clean(event.peer.host)}:${event.peer.port} left${event.reason === null ? "" : `: ${cleanShort(event.reason)}`}`,
        );
        break;
      case "peer-failed":
        this.#contacted.add(`${event.host}:${event.port}`);
        output.event("peer-failed", { host: event.host, port: event.port, message: event.error.message });
        this.#onPeerFailed(event.host, event.port, event.error.message);
        break;
      case "banned":
        output.event("banned", { host: event.host, reason: event.reason });
        output.detail(`${clean(event.host)} is banned: ${cleanShort(event.reason)}`);
        break;
      case "tracker":
        this.#trackers.set(event.url, { ok: event.ok, refused: event.refused, peers: event.peers });
        output.event("tracker", trackerFields(event));
        this.#notes.onEvent(event);
        break;
      case "web-seed":
        this.#webSeeds.onEvent(event);
        break;
      case "piece":
      case "peer-complete":
      case "moving":
      case "moved":
        break;
    }
  }

  /** Redraws, and writes a progress event when it is time. */
  tick(): void {
    const torrent = this.#torrent;
    if (torrent === null) return;
    const output = this.#output;
    const stats = torrent.stats();
    const now = this.#context.now();
    if (output.json && now - this.#progressAt >= PROGRESS_EVENT_MS) {
      this.#progressAt = now;
      output.event("progress", progressFields(torrent, stats));
    }
    const style = output.noteStyle;
    if (torrent.state === "metadata") {
      output.live(lookingLines(this.asked, stats.waiting, output.columns));
      output.status(() => lookingLine(this.asked, stats.waiting));
      if (!this.#toldLooking && this.elapsedMs > LOOKING_PATIENCE_MS) {
        this.#toldLooking = true;
        output.note(stillLooking(this.asked, stats.peers, stats.waiting, "Ctrl-C gives up (exit 6)"));
      }
      return;
    }
    if (torrent.state === "checking") {
      const line = checkLine("what is there", this.#checked, stats.pieceCount, style);
      output.live([line]);
      output.status(() => line);
      return;
    }
    if (this.#complete) {
      output.live([sharingLine(stats)]);
      output.status(() => sharingLine(stats).trim());
      return;
    }
    const webServers = torrent.webSeeds().filter((server) => server.downRate > 0);
    output.live(downloadLines(stats, webServers.length, style, output.columns));
    output.status(() => statusLine(torrent.name, stats));
  }

  /** The last progress event, so that the numbers of the end are never missing. */
  finalProgress(): void {
    if (this.#torrent !== null)
      this.#output.event("progress", progressFields(this.#torrent, this.#torrent.stats()));
  }

  /** A peer named on the command line that fails is told without being asked; once, as it is tried again and again. */
  #onPeerFailed(host: string, port: number, message: string): void {
    const shown = shownPeer({ host, port });
    const sentence = failedPeer(shown, message);
    if (!this.#named.has(shown) || this.#toldFailed.has(shown)) {
      this.#output.detail(sentence);
      return;
    }
    this.#toldFailed.add(shown);
    this.#output.warn(`${sentence}. Trying again; check the address, and that the sender still shares it.`);
  }

  #warn(error: ShoalError): void {
    const { code, message } = toFailure(error);
    this.#output.problem(code, message);
  }

  /** Once, as soon as it is known what will be fetched. */
  #showFiles(): void {
    const metainfo = this.#torrent?.metainfo ?? null;
    if (metainfo === null || this.#files !== null) return;
    const { files, unmatched } = this.#plan(metainfo);
    this.#files = files;
    const output = this.#output;
    output.event("metadata", {
      name: metainfo.name,
      ...hashFields(metainfo.infoHashes),
      pieceLength: metainfo.layout.pieceLength,
      pieceCount: metainfo.layout.pieceCount,
      totalSize: metainfo.layout.contentSize,
      private: metainfo.private,
    });
    output.event("files", {
      files: files.map(({ path, size, wanted }, at) => ({ number: at + 1, path, size, wanted })),
    });
    const free = this.#freeBytes === null ? "" : `.  ${formatSize(this.#freeBytes)} free`;
    output.note(`${headline(metainfo, files)}${free}`);
    for (const line of fileList(files, output.columns, output.noteStyle)) output.note(line);
    if (files.some((file) => file.wanted)) {
      for (const word of unmatched) output.warn(`No file matches ${clean(word)}.`);
      return;
    }
    const why = unmatched.some((word) => word.startsWith("--select"))
      ? "No file matches --select"
      : "Every file is left out by the link or by --priority";
    const advice = "The list above has all files; choose by pattern or number.";
    this.#settle.reject(new CliError("ERR_NOTHING_SELECTED", why, advice));
  }
}

/** Cleaned, in the way it is written after --peer. */
function shownPeer(peer: PeerAddress): string {
  return clean(formatPeer(peer));
}

/** Adds numbers to the engine's words where it has them. */
function explain(error: ShoalError): unknown {
  const { needed, free, path } = error.details;
  if (error.code === "ERR_NO_SPACE" && typeof needed === "number" && typeof free === "number") {
    const where = typeof path === "string" ? clean(path) : "the disk";
    return new CliError(
      "ERR_NO_SPACE",
      `${where} has ${formatSize(free)} free, but ${formatSize(needed)} are needed`,
      "Free some space, choose another folder with -o, or fetch less with --select.",
      error,
    );
  }
  return error;
}
