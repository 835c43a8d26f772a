/** What `torrent-get` says, as far as the tests look at it. */
export interface RawTorrent {
  readonly id: number;
  readonly queuePosition: number;
  readonly seedRatioLimit: number;
  readonly labels: readonly string[];
  readonly files: readonly { readonly name: string }[];
}

/** A torrent as the client gives it on. */
export interface ClientTorrent {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly label?: string;
  readonly savePath: string;
  readonly progress: number;
  readonly isCompleted: boolean;
  readonly totalSize: number;
  readonly raw: RawTorrent;
}

type Id = string | number | readonly (string | number)[];
interface Answer<T> {
  readonly result: string;
  readonly arguments: T;
}
type Done = Promise<Answer<object>>;

/** The client of @ctrl/transmission. Its own types need those of packages that it does not bring. */
export interface CtrlClient {
  getSession(): Promise<Answer<Readonly<Record<string, string | number>>>>;
  setSession(settings: object): Done;
  freeSpace(path: string): Promise<Answer<{ readonly "size-bytes": number }>>;
  normalizedAddTorrent(
    torrent: string | Uint8Array,
    options?: { readonly label?: string; readonly startPaused?: boolean },
  ): Promise<ClientTorrent>;
  addTorrent(torrent: Uint8Array): Promise<Answer<{ readonly "torrent-added"?: object }>>;
  addMagnet(magnet: string, options?: object): Done;
  getTorrent(id: Id): Promise<ClientTorrent>;
  getAllData(): Promise<{
    readonly torrents: readonly ClientTorrent[];
    readonly labels: readonly { readonly name: string; readonly count: number }[];
  }>;
  listTorrents(
    id: Id | undefined,
    fields: readonly string[],
  ): Promise<Answer<{ readonly torrents: readonly RawTorrent[] }>>;
  verifyTorrent(id: Id): Done;
  pauseTorrent(id: Id): Done;
  resumeTorrent(id: Id): Done;
  reannounceTorrent(id: Id): Done;
  moveTorrent(id: Id, location: string): Done;
  setTorrent(id: Id, options: object): Done;
  renamePath(id: Id, options: { readonly path: string; readonly name: string }): Done;
  removeTorrent(id: Id, removeData?: boolean): Done;
  queueTop(id: Id): Done;
  queueUp(id: Id): Done;
  queueDown(id: Id): Done;
  queueBottom(id: Id): Done;
}

export interface CtrlConfig {
  readonly baseUrl: string;
  readonly username: string;
  readonly password: string;
  readonly timeout?: number;
}

/** Loads the package without its types. */
export async function ctrlClient(config: CtrlConfig): Promise<CtrlClient> {
  const name: string = "@ctrl/transmission";
  const { Transmission } = (await import(name)) as { Transmission: new (config: CtrlConfig) => CtrlClient };
  return new Transmission(config);
}
