import { readFile } from "node:fs/promises";
import type { Child } from "../child.ts";
import { poll } from "../poll.ts";
import type { Stage } from "../stage.ts";

export interface Aria2Add {
  readonly file?: string;
  readonly magnet?: string;
  readonly dir: string;
  readonly trackers?: readonly string[];
  /** Bytes a second; 0 is no limit. */
  readonly upLimit?: number;
  readonly downLimit?: number;
}

export interface Aria2Status {
  readonly status: "active" | "waiting" | "paused" | "error" | "complete" | "removed";
  readonly completedLength: number;
  readonly totalLength: number;
  readonly seeder: boolean;
  readonly errorMessage: string | null;
}

/**
 * aria2, asked over JSON-RPC. It can't be given a peer's address: it meets others through a tracker or by being
 * dialled.
 */
export class Aria2 {
  readonly host: string;
  readonly port: number;
  readonly child: Child;
  readonly #stage: Stage;
  readonly #rpc: string;

  private constructor(stage: Stage, child: Child, host: string, port: number, rpc: string) {
    this.#stage = stage;
    this.child = child;
    this.host = host;
    this.port = port;
    this.#rpc = rpc;
  }

  /** `more`: further flags. */
  static async start(stage: Stage, more: readonly string[] = []): Promise<Aria2> {
    const host = stage.nextHost();
    const port = await stage.freePort(host);
    const rpcPort = await stage.freePort();
    const child = stage.spawn({
      name: "aria2",
      command: "aria2c",
      cwd: stage.folder("aria2"),
      args: [
        "--no-conf",
        "--enable-rpc",
        `--rpc-listen-port=${rpcPort}`,
        `--interface=${host}`,
        `--listen-port=${port}`,
        "--disable-ipv6=true",
        "--async-dns=false",
        "--enable-dht=false",
        "--enable-dht6=false",
        "--bt-enable-lpd=false",
        "--enable-peer-exchange=false",
        "--bt-tracker-interval=1",
        "--bt-save-metadata=false",
        "--seed-ratio=0.0",
        "--check-integrity=true",
        "--file-allocation=none",
        "--follow-torrent=mem",
        "--allow-overwrite=true",
        "--console-log-level=notice",
        "--show-console-readout=false",
        "--summary-interval=0",
        "--no-proxy=*",
        `--stop-with-process=${process.pid}`,
        ...more,
      ],
    });
    const client = new Aria2(stage, child, host, port, `http://127.0.0.1:${rpcPort}/jsonrpc`);
    await child.answers(() => client.#call("aria2.getVersion", []));
    return client;
  }

  async add(spec: Aria2Add): Promise<Aria2Download> {
    const options: Record<string, string> = { dir: spec.dir };
    if (spec.trackers !== undefined) options["bt-tracker"] = spec.trackers.join(",");
    if (spec.upLimit !== undefined) options["max-upload-limit"] = String(spec.upLimit);
    if (spec.downLimit !== undefined) options["max-download-limit"] = String(spec.downLimit);
    const call = (method: string, params: unknown[]): Promise<unknown> => this.#call(method, params);
    if (spec.magnet !== undefined) {
      const gid = (await call("aria2.addUri", [[spec.magnet], options])) as string;
      return new Aria2Download(call, gid);
    }
    const bytes = await readFile(spec.file ?? "");
    const gid = (await call("aria2.addTorrent", [bytes.toString("base64"), [], options])) as string;
    return new Aria2Download(call, gid);
  }

  /** Adds complete data; settles when it has been checked and is offered. */
  async seed(spec: Aria2Add): Promise<Aria2Download> {
    const download = await this.add(spec);
    await download.waitForComplete(15_000);
    return download;
  }

  async #call(method: string, params: readonly unknown[]): Promise<unknown> {
    const answer = await this.#stage.http(this.#rpc, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: "1", method, params }),
    });
    const message = JSON.parse(answer.body) as { result?: unknown; error?: { message: string } };
    if (message.error !== undefined) throw new Error(`aria2 ${method}: ${message.error.message}`);
    return message.result;
  }
}

export class Aria2Download {
  readonly #call: (method: string, params: unknown[]) => Promise<unknown>;
  /** Changes when a magnet's metadata has come and the download proper begins. */
  #gid: string;

  constructor(call: (method: string, params: unknown[]) => Promise<unknown>, gid: string) {
    this.#call = call;
    this.#gid = gid;
  }

  async status(): Promise<Aria2Status> {
    const raw = (await this.#call("aria2.tellStatus", [this.#gid])) as Record<string, unknown>;
    const next = raw["followedBy"] as string[] | undefined;
    if (next?.[0] !== undefined) {
      this.#gid = next[0];
      return this.status();
    }
    return {
      status: raw["status"] as Aria2Status["status"],
      completedLength: Number(raw["completedLength"]),
      totalLength: Number(raw["totalLength"]),
      seeder: raw["seeder"] === "true",
      errorMessage: (raw["errorMessage"] as string | undefined) ?? null,
    };
  }

  async waitForComplete(within: number = 45_000): Promise<void> {
    await this.waitFor("aria2 has all data", (status) => status.seeder, within);
  }

  async waitFor(
    what: string,
    reached: (status: Aria2Status) => boolean,
    within: number = 45_000,
  ): Promise<Aria2Status> {
    let last: Aria2Status | null = null;
    try {
      return await poll(
        what,
        async () => {
          last = await this.status();
          if (last.status === "error") throw new Error(`aria2: ${last.errorMessage ?? "failed"}`);
          return reached(last) ? last : null;
        },
        { within, every: 50 },
      );
    } catch (error) {
      const text = `${String((error as Error).message)}; status ${JSON.stringify(last)}`;
      throw new Error(text, { cause: error });
    }
  }
}
