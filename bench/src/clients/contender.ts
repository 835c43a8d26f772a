import type { Stage, TorrentFacts, TorrentKind } from "@shoal/testkit";

/** What is transferred. */
export interface Job {
  /** The .torrent file, which names no tracker. */
  readonly torrent: string;
  readonly facts: TorrentFacts;
  readonly kind: TorrentKind;
  /** Folder in which the payload lies. */
  readonly dataDir: string;
  readonly bytes: number;
  /** How often a program that can only be asked is asked whether it is ready. */
  readonly pollMs: number;
  /** Folder for CPU profiles of our own processes; null is none. */
  readonly profileDir: string | null;
}

export interface Seeder {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  /** For clients that meet only at one. */
  readonly tracker: string | null;
  /** Ends it in the polite way. */
  stop(): Promise<unknown>;
}

/** Milliseconds of the monotonic clock. */
export interface Timeline {
  /** The first bytes of payload have come. */
  readonly firstByteMs: number;
  /** All pieces are verified, as far as the program says. */
  readonly completeMs: number;
}

/** A downloading program that is up and waits for its order; or has just begun. */
export interface Leecher {
  readonly pid: number;
  /** Downloads. Settles when all is there; the process is then still up, or has just ended. */
  go(): Promise<Timeline>;
  stop(): Promise<unknown>;
}

/** A client in the race. */
export interface Contender {
  readonly name: string;
  /** Calls a download complete before the last of it is written. */
  readonly writesBehind: boolean;
  /** Why it can't run here, or null. */
  lacking(kind: TorrentKind): string | null;
  /** Starts a process that offers the payload; settles when it has checked all of it and listens. */
  seed(stage: Stage, job: Job): Promise<Seeder>;
  /** Starts a process that is to download into `saveDir`. */
  leech(stage: Stage, job: Job, saveDir: string, seeders: readonly Seeder[]): Promise<Leecher>;
}

/** A program that is up, listens and waits for an order: to seed, or to download from the others and serve them. */
export interface SwarmMember {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  /** Settles when it has checked all of the payload and serves it. */
  seed(job: Job): Promise<void>;
  /** Settles when all is there; it goes on serving. */
  download(
    job: Job,
    saveDir: string,
    peers: readonly { readonly host: string; readonly port: number }[],
  ): Promise<Timeline>;
  stop(): Promise<unknown>;
}

/** A client whose processes can be told of each other before any of them begins. */
export interface SwarmContender {
  readonly name: string;
  readonly writesBehind: boolean;
  lacking(kind: TorrentKind): string | null;
  start(stage: Stage, job: Job): Promise<SwarmMember>;
}
