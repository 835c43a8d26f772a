import type { Context } from "../../context.ts";
import type { PeerInfo, ShoalError, TorrentEvent } from "../../engine.ts";
import { toFailure } from "../../errors.ts";
import { clean, cleanShort } from "../../ui/clean.ts";
import { formatClock, formatDuration } from "../../ui/durations.ts";
import { progressText } from "../../ui/progress.ts";
import { count, formatPercent, formatRate, formatSize } from "../../ui/sizes.ts";
import type { Output } from "../../ui/output.ts";
import { flow, pad } from "../../ui/table.ts";
import { hashFields } from "../torrent/describe.ts";
import { TrackerNotes } from "../tracker-notes.ts";
import { peerFields, progressFields, trackerFields, type Watched } from "../transfer-events.ts";

/** A newcomer is announced once its program's name is known, or after this long. */
const NAME_PATIENCE_MS = 1000;
const PROGRESS_EVENT_MS = 500;
/** Peers with a line of their own. */
const MAX_LINES = 12;

interface Visitor {
  readonly since: number;
  announced: boolean;
  finished: boolean;
}

/** Who fetches one shared torrent: a line for each, and a sentence when somebody comes, has it all, or leaves. */
export class Audience {
  readonly #context: Context;
  readonly #output: Output;
  readonly #visitors: Map<string, Visitor> = new Map();
  readonly #trackers: TrackerNotes;
  /** What happened before there was anything to show; null once it is told as it comes. */
  #held: TorrentEvent[] | null = [];
  #torrent: Watched | null = null;
  #progressAt = -Infinity;
  #served = 0;
  #failed: ShoalError | null = null;

  constructor(context: Context, output: Output) {
    this.#context = context;
    this.#output = output;
    this.#trackers = new TrackerNotes(output);
  }

  attach(torrent: Watched): void {
    this.#torrent = torrent;
  }

  /** The share was announced: from here on events are told, those that came before first. */
  open(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const event of held) this.onEvent(event);
  }

  /** People who have got all of it from this share. */
  get served(): number {
    return this.#served;
  }

  /** Why the torrent stopped; null while it is shared. */
  get failed(): ShoalError | null {
    return this.#failed;
  }

  onEvent(event: TorrentEvent): void {
    if (this.#held !== null) {
      this.#held.push(event);
      return;
    }
    const output = this.#output;
    switch (event.type) {
      case "peer-connected":
        this.#visitors.set(key(event.peer), {
          since: this.#context.now(),
          announced: false,
          finished: event.peer.seed,
        });
        this.#event("peer-connected", peerFields(event.peer));
        break;
      case "peer-complete":
        this.#onComplete(event.peer);
        break;
      case "peer-disconnected":
        this.#onGone(event.peer, event.reason);
        break;
      case "tracker":
        this.#event("tracker", trackerFields(event));
        this.#trackers.onEvent(event);
        break;
      case "warning":
        this.#warn(event.error);
        break;
      case "error":
        this.#failed = event.error;
        this.#warn(event.error);
        break;
      case "banned":
        this.#event("banned", { host: event.host, reason: event.reason });
        output.detail(`${clean(event.host)} is banned: ${cleanShort(event.reason)}`);
        break;
      case "state":
      case "metadata":
      case "checked":
      case "moving":
      case "moved":
      case "first-block":
      case "piece":
      case "complete":
      case "peer-failed":
      case "web-seed":
        break;
    }
  }

  /** Lines for the live area; announces newcomers and writes a progress event when it is time. */
  tick(named: boolean): string[] {
    const torrent = this.#torrent;
    if (torrent === null) return [];
    const peers = torrent.peers();
    const now = this.#context.now();
    for (const peer of peers) {
      const visitor = this.#visitors.get(key(peer));
      if (visitor === undefined) continue;
      if (peer.client !== "" || now - visitor.since > NAME_PATIENCE_MS) this.#welcome(peer, visitor);
    }
    const stats = torrent.stats();
    if (this.#output.json && now - this.#progressAt >= PROGRESS_EVENT_MS) {
      this.#progressAt = now;
      this.#event("progress", progressFields(torrent, stats));
    }
    const active = peers.filter((peer) => !peer.seed);
    const total = torrent.metainfo?.layout.contentSize ?? 0;
    const width = Math.max(0, ...active.slice(0, MAX_LINES).map((peer) => who(peer).length));
    const lines = active.slice(0, MAX_LINES).map((peer) => {
      const left = (1 - peer.progress) * total;
      const etaMs = peer.upRate > 0 ? (left / peer.upRate) * 1000 : null;
      const progress = progressText(
        { done: peer.progress, total: 1, rate: peer.upRate, etaMs },
        this.#output.noteStyle,
      );
      return `   ${pad(who(peer), width)}   ${progress}`;
    });
    if (active.length > MAX_LINES) lines.push(`   … and ${count(active.length - MAX_LINES, "more", "more")}`);
    const name = named ? `${clean(torrent.name)}: ` : "";
    const { noteStyle, columns } = this.#output;
    if (stats.waiting !== null) {
      const words = `${name}${clean(stats.waiting.message)}`.split(" ");
      return [...lines, ...flow("   ", words, " ", columns, noteStyle.dim)];
    }
    const summary =
      peers.length === 0
        ? `${name}nobody is connected; given ${formatSize(stats.uploaded)}`
        : `${name}${count(peers.length, "person", "people")} connected, ${formatRate(stats.upRate)}, given ${formatSize(stats.uploaded)}`;
    return [...lines, noteStyle.dim(`   ${summary}`)];
  }

  /** "nobody is connected; given 0 B", for logs. */
  summary(): string {
    const torrent = this.#torrent;
    if (torrent === null) return "";
    const { peers, uploaded, upRate, waiting } = torrent.stats();
    const why = waiting === null ? "" : `, ${clean(waiting.message)}`;
    return `${clean(torrent.name)}: ${count(peers, "peer")}, ${formatRate(upRate)}, given ${formatSize(uploaded)}${why}`;
  }

  /** Tells that a peer came; once. */
  #welcome(peer: PeerInfo, visitor: Visitor): void {
    if (visitor.announced) return;
    visitor.announced = true;
    if (peer.seed && peer.uploaded === 0)
      this.#output.detail(`${who(peer)} connected and has all of it already`);
    else this.#say(`${who(peer)} connected`);
  }

  #onComplete(peer: PeerInfo): void {
    const visitor = this.#visitors.get(key(peer));
    if (visitor !== undefined) {
      visitor.finished = true;
      this.#welcome(peer, visitor);
    }
    this.#event("peer-complete", peerFields(peer));
    if (peer.uploaded === 0) {
      // It came with the data, and only now said so.
      this.#output.detail(`${who(peer)} has all of it already`);
      return;
    }
    this.#served++;
    const took = visitor === undefined ? "" : ` in ${formatDuration(this.#context.now() - visitor.since)}`;
    this.#say(`${who(peer)} has all of it and checked it. ${formatSize(peer.uploaded)}${took}.`);
  }

  #onGone(peer: PeerInfo, reason: string | null): void {
    const visitor = this.#visitors.get(key(peer));
    this.#visitors.delete(key(peer));
    this.#event("peer-disconnected", { ...peerFields(peer), reason });
    if (visitor !== undefined && visitor.finished !== true && peer.uploaded > 0) {
      this.#welcome(peer, visitor);
      this.#say(`${who(peer)} left with ${formatPercent(peer.progress)} of it.`);
    }
    this.#output.detail(`${who(peer)} left${reason === null ? "" : `: ${cleanShort(reason)}`}`);
  }

  #warn(error: ShoalError): void {
    const { code, message } = toFailure(error);
    this.#output.problem(code, message, this.#identity());
  }

  #say(sentence: string): void {
    this.#output.note(`${this.#output.noteStyle.dim(formatClock(this.#context.wallTime()))}  ${sentence}`);
  }

  #event(event: string, fields: Record<string, unknown>): void {
    this.#output.event(event, { ...this.#identity(), ...fields });
  }

  #identity(): Record<string, unknown> {
    const torrent = this.#torrent;
    return torrent === null ? {} : { name: torrent.name, ...hashFields(torrent.infoHashes) };
  }
}

function key(peer: PeerInfo): string {
  return `${peer.host} ${peer.port}`;
}

/** "192.0.2.7 (qBittorrent 5.0)". */
function who(peer: PeerInfo): string {
  const host = clean(peer.host);
  return peer.client === "" ? host : `${host} (${cleanShort(peer.client, 32)})`;
}
