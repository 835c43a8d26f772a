import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Child } from "../child.ts";
import { poll } from "../poll.ts";
import type { HttpAnswer, Stage } from "../stage.ts";

export interface TransmissionAdd {
  readonly file?: string;
  readonly magnet?: string;
  readonly dir: string;
}

export interface TransmissionStatus {
  /** 0 stopped, 1 and 2 checking, 4 downloading, 6 seeding. */
  readonly status: number;
  readonly percentDone: number;
  readonly metadataPercentComplete: number;
  readonly leftUntilDone: number;
  readonly sizeWhenDone: number;
  readonly peersConnected: number;
  readonly corruptEver: number;
  readonly errorString: string;
}

const FIELDS = [
  "status",
  "percentDone",
  "metadataPercentComplete",
  "leftUntilDone",
  "sizeWhenDone",
  "peersConnected",
  "corruptEver",
  "errorString",
];
const SEEDING = 6;

/**
 * transmission-daemon. Needs a stage with its own network: it refuses 127.0.0.0/8 as peers, and tells peers apart by
 * address alone, so everyone it is to meet has an address of its own. Peers come from a tracker or dial it. It
 * works in steps of ten seconds.
 */
export class Transmission {
  readonly host: string;
  readonly port: number;
  readonly child: Child;
  readonly #stage: Stage;
  readonly #rpc: string;
  #session = "";

  private constructor(stage: Stage, child: Child, host: string, port: number, rpcPort: number) {
    this.#stage = stage;
    this.child = child;
    this.host = host;
    this.port = port;
    this.#rpc = `http://${host}:${rpcPort}/transmission/rpc`;
  }

  /** `more`: settings by the names of its settings.json. */
  static async start(
    stage: Stage,
    more: Readonly<Record<string, string | number | boolean>> = {},
  ): Promise<Transmission> {
    if (stage.namespace === null) throw new Error("Transmission needs a stage with its own network");
    const host = stage.nextHost();
    const port = 51_413;
    const rpcPort = 9_091;
    const config = stage.folder("transmission");
    const settings = {
      "alt-speed-enabled": false,
      "bind-address-ipv4": host,
      "bind-address-ipv6": "::1",
      "blocklist-enabled": false,
      "dht-enabled": false,
      "download-dir": config,
      encryption: 0,
      "lpd-enabled": false,
      "peer-port": port,
      "pex-enabled": false,
      "port-forwarding-enabled": false,
      preallocation: 0,
      "ratio-limit-enabled": false,
      "rename-partial-files": false,
      "rpc-authentication-required": false,
      "rpc-bind-address": host,
      "rpc-host-whitelist-enabled": false,
      "rpc-port": rpcPort,
      "rpc-whitelist-enabled": false,
      "scrape-paused-torrents-enabled": false,
      "speed-limit-down-enabled": false,
      "speed-limit-up-enabled": false,
      "utp-enabled": false,
      ...more,
    };
    await writeFile(join(config, "settings.json"), JSON.stringify(settings));
    const child = stage.spawn({
      name: "transmission",
      command: "transmission-daemon",
      args: ["--foreground", "--log-info", "--config-dir", config],
      env: { HOME: config },
    });
    const client = new Transmission(stage, child, host, port, rpcPort);
    await child.answers(() => client.#call("session-get", { fields: ["version"] }), 15_000);
    return client;
  }

  /** Adds and starts. Data that is there gets checked. */
  async add(spec: TransmissionAdd): Promise<TransmissionTorrent> {
    const what =
      spec.magnet === undefined
        ? { metainfo: (await readFile(spec.file ?? "")).toString("base64") }
        : { filename: spec.magnet };
    const call = (method: string, args: object): Promise<Record<string, unknown>> => this.#call(method, args);
    const answer = await call("torrent-add", { ...what, "download-dir": spec.dir, paused: false });
    const added = answer["torrent-added"] as { id: number } | undefined;
    if (added === undefined) throw new Error(`Transmission did not add it: ${JSON.stringify(answer)}`);
    return new TransmissionTorrent(call, added.id);
  }

  /** Adds complete data; settles when it has been checked and is offered. */
  async seed(spec: TransmissionAdd): Promise<TransmissionTorrent> {
    const torrent = await this.add(spec);
    await torrent.waitForSeeding(20_000);
    return torrent;
  }

  async #call(method: string, args: object): Promise<Record<string, unknown>> {
    const ask = (): Promise<HttpAnswer> =>
      this.#stage.http(this.#rpc, {
        method: "POST",
        headers: { "x-transmission-session-id": this.#session },
        body: JSON.stringify({ method, arguments: args }),
      });
    let answer = await ask();
    if (answer.status === 409) {
      this.#session = answer.headers["x-transmission-session-id"] ?? "";
      answer = await ask();
    }
    if (answer.status !== 200)
      throw new Error(`Transmission ${method}: HTTP ${answer.status} ${answer.body}`);
    const message = JSON.parse(answer.body) as { result: string; arguments: Record<string, unknown> };
    if (message.result !== "success") throw new Error(`Transmission ${method}: ${message.result}`);
    return message.arguments;
  }
}

export class TransmissionTorrent {
  readonly #call: (method: string, args: object) => Promise<Record<string, unknown>>;
  readonly #id: number;

  constructor(call: (method: string, args: object) => Promise<Record<string, unknown>>, id: number) {
    this.#call = call;
    this.#id = id;
  }

  async status(): Promise<TransmissionStatus> {
    const answer = await this.#call("torrent-get", { ids: [this.#id], fields: FIELDS });
    return (answer["torrents"] as TransmissionStatus[])[0] as TransmissionStatus;
  }

  async waitForSeeding(within: number = 50_000): Promise<TransmissionStatus> {
    const complete = (status: TransmissionStatus): boolean =>
      status.status === SEEDING && status.leftUntilDone === 0 && status.metadataPercentComplete === 1;
    return this.waitFor("Transmission has all data", complete, within);
  }

  async waitFor(
    what: string,
    reached: (status: TransmissionStatus) => boolean,
    within: number = 50_000,
  ): Promise<TransmissionStatus> {
    let last: TransmissionStatus | null = null;
    try {
      return await poll(
        what,
        async () => {
          last = await this.status();
          return reached(last) ? last : null;
        },
        { within, every: 100 },
      );
    } catch (error) {
      const text = `${String((error as Error).message)}; status ${JSON.stringify(last)}`;
      throw new Error(text, { cause: error });
    }
  }
}
