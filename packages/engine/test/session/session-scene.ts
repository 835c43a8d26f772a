import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import {
  createSession,
  createTorrent,
  type CreatedTorrent,
  type CreateOptions,
  type Session,
  type SessionOptions,
  type Torrent,
  type TorrentEvent,
} from "@shoal/engine";
import {
  FakePeer,
  type FakePeerSpec,
  makeTempDir,
  type Payload,
  type PayloadSpec,
  readTorrent,
  torrentSpace,
  writePayload,
} from "@shoal/testkit";

type Add = Parameters<Session["add"]>[0];

/** A torrent and what happened to it, with promises for what is awaited. */
export class Watched {
  readonly events: TorrentEvent[] = [];
  torrent!: Torrent;
  readonly #waiting: Set<() => void> = new Set();

  readonly listener = (event: TorrentEvent): void => {
    this.events.push(event);
    for (const check of this.#waiting) check();
  };

  /** The first event of a type, past or to come. Rejects when the torrent fails first. */
  until<T extends TorrentEvent["type"]>(
    type: T,
    fits: (event: Extract<TorrentEvent, { type: T }>) => boolean = () => true,
  ): Promise<Extract<TorrentEvent, { type: T }>> {
    type Wanted = Extract<TorrentEvent, { type: T }>;
    return new Promise<Wanted>((resolve, reject) => {
      const check = (): void => {
        const found = this.events.find(
          (event): event is Wanted => event.type === type && fits(event as Wanted),
        );
        const failed = this.events.find((event) => event.type === "error");
        if (found === undefined && failed === undefined) return;
        this.#waiting.delete(check);
        if (found !== undefined) resolve(found);
        else reject(failed!.error);
      };
      this.#waiting.add(check);
      check();
    });
  }
}

/** Sessions on loopback that end with the test. */
export class SessionScene {
  readonly dir: string;
  readonly #t: TestContext;
  #sessions = 0;

  constructor(t: TestContext) {
    this.#t = t;
    this.dir = makeTempDir(t, "session");
  }

  folder(name: string): string {
    const path = join(this.dir, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  async session(options: Partial<SessionOptions> = {}): Promise<Session> {
    const session = await createSession({
      stateDir: join(this.dir, `state-${++this.#sessions}`),
      host: "127.0.0.1",
      ports: [0],
      offline: true,
      // Tests that run at the same time must not meet.
      lsd: false,
      dht: false,
      ...options,
    });
    this.#t.after(() => session.close());
    return session;
  }

  async payload(spec: PayloadSpec, options: CreateOptions): Promise<Payload & CreatedTorrent> {
    const payload = await writePayload(this.folder("payload"), spec);
    return { ...payload, ...(await createTorrent(payload.path, options)) };
  }

  async add(session: Session, options: Add): Promise<Watched> {
    const watched = new Watched();
    watched.torrent = await session.add({ ...options, listener: watched.listener });
    return watched;
  }

  /** A scripted peer that has the payload. */
  async fake(
    made: Payload & CreatedTorrent,
    how: Pick<FakePeerSpec, "behaviour"> & Partial<FakePeerSpec>,
  ): Promise<FakePeer> {
    const file = join(this.dir, "made.torrent");
    writeFileSync(file, made.bytes);
    const torrent = readTorrent(file);
    const peer = await FakePeer.listen({ torrent, data: await torrentSpace(torrent, made.dir), ...how });
    this.#t.after(() => peer.stop());
    return peer;
  }

  /** A session that shares the payload without checking it. */
  async seed(
    made: Payload & CreatedTorrent,
    options: Partial<SessionOptions> = {},
  ): Promise<[Session, Watched]> {
    const session = await this.session(options);
    const watched = await this.add(session, {
      metainfo: made.metainfo,
      downloadDir: made.dir,
      seedOnly: true,
      hashed: true,
    });
    await watched.until("complete");
    return [session, watched];
  }
}
