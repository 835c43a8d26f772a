import type { ShoalError } from "../base/errors.ts";
import { explainHold, type Hold } from "../core/hold.ts";
import type { InfoHashes } from "../meta/info-hash.ts";
import type { Totals } from "./announcing.ts";
import type { Tiers } from "./torrent-trackers.ts";
import type { TorrentState, TorrentStats } from "./events.ts";
import type { LiveTorrent } from "./live-torrent.ts";
import { isStopped, type StoppedState } from "./stopped-state.ts";
import { hashesOfRow, namesOfRow, rowOf, stateOfRow, statsOfRow, type TorrentRow } from "./torrent-row.ts";

/** All that there is of a torrent at rest: its row, and the state that it goes on from. */
export class TorrentRest {
  row: TorrentRow;
  readonly downloadDir: string;
  state: TorrentState;
  /** Why the state is "error". */
  error: ShoalError | null;

  /** Throws ERR_INVALID_ARGUMENT when the row names no torrent. */
  constructor(row: TorrentRow, downloadDir: string, stopped: StoppedState | null) {
    hashesOfRow(row);
    this.row = row;
    this.downloadDir = downloadDir;
    this.state = stopped ?? stateOfRow(row);
    this.error = null;
  }

  /** The metadata of `live` is known. */
  static of(live: LiveTorrent): TorrentRest {
    const rest = new TorrentRest(rowOf(live)!, live.downloadDir, null);
    rest.state = live.state;
    rest.error = live.error;
    return rest;
  }

  setTrackers(trackers: Tiers): void {
    this.row = { ...this.row, trackers };
  }

  get infoHashes(): InfoHashes {
    return hashesOfRow(this.row);
  }

  /** The 20-byte names, in hex. */
  get names(): readonly string[] {
    return namesOfRow(this.row);
  }

  get isSeed(): boolean {
    return stateOfRow(this.row) === "seeding";
  }

  /** `hold`: why it is paused, when it is. */
  stats(hold: () => Hold | null): TorrentStats {
    const stats = statsOfRow(this.row);
    return isStopped(this.state) ? { ...stats, waiting: explainHold(hold()) } : stats;
  }

  totals(): Totals {
    const { uploaded, downloaded, wanted, have } = this.row;
    return { uploaded, downloaded, left: wanted - have, isPartialSeed: this.state === "finished" };
  }
}
