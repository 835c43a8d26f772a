import { request } from "node:http";
import { join } from "node:path";
import { Child } from "../child.ts";
import type { Stage } from "../stage.ts";
import { shoalEnv, shoalProgram } from "./shoal.ts";

export interface ShoalAnswer {
  readonly text: string;
  /** From asking to the last byte. */
  readonly ms: number;
}

export interface ShoalCommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly log: string;
}

export interface ShoalDaemonOptions {
  /** Where one ran before, to go on as that one; a fresh one by itself. */
  readonly folder?: string;
  /** Port for peers; one of the system's choice by itself. */
  readonly port?: number;
  /** Further words for `shoal daemon run`. */
  readonly flags?: readonly string[];
  /** Words for Node before the program. */
  readonly node?: readonly string[];
}

/** `shoal daemon run` as a user starts it, with folders and ports of its own. It ends with the stage. */
export class ShoalDaemon {
  readonly folder: string;
  readonly child: Child;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(folder: string, child: Child, env: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.child = child;
    this.#env = env;
  }

  /** Resolves when it listens. */
  static async start(stage: Stage, options: ShoalDaemonOptions = {}): Promise<ShoalDaemon> {
    const { folder = stage.folder("daemon"), port = 0, flags = [], node = [] } = options;
    const env = { ...shoalEnv(folder), SHOAL_DOWNLOAD_DIR: join(folder, "downloads") };
    const words = ["--host", stage.host, "--port", String(port), "--ui-port", "0", "--json", ...flags];
    const child = stage.spawn({
      name: "shoal daemon",
      command: process.execPath,
      args: [...node, shoalProgram(), "daemon", "run", ...words],
      env,
      cwd: folder,
    });
    child.endInput();
    await child.says(/"listening"/, 60_000);
    return new ShoalDaemon(folder, child, env);
  }

  get stateDir(): string {
    return this.#env["SHOAL_STATE_DIR"]!;
  }

  get downloads(): string {
    return this.#env["SHOAL_DOWNLOAD_DIR"]!;
  }

  /** Over its socket. Throws for every answer that is an error. */
  ask(method: string, path: string, body?: object): Promise<ShoalAnswer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": "application/json" };
      const begun = performance.now();
      const sent = request({ ...this.#to(path), method, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", reject);
        response.on("end", () => {
          const ms = performance.now() - begun;
          const text = Buffer.concat(parts).toString("utf8");
          if ((response.statusCode ?? 0) >= 300) reject(new Error(`${method} ${path}: ${text}`));
          else resolve({ text, ms });
        });
      });
      sent.on("error", reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** What it answers to a GET, or to a POST where there is a body. */
  async json<T>(path: string, body?: object): Promise<T> {
    return JSON.parse((await this.ask(body === undefined ? "GET" : "POST", path, body)).text) as T;
  }

  /** The data of the first event of a stream, which is closed then. */
  firstEvent(query: string, event: string): Promise<ShoalAnswer> {
    return new Promise((resolve, reject) => {
      const begun = performance.now();
      const sent = request({ ...this.#to(`/events${query}`), agent: false }, (response) => {
        const parts: Buffer[] = [];
        response.on("error", () => {});
        response.on("data", (part: Buffer) => {
          parts.push(part);
          if (part.at(-1) !== 10 || part.at(-2) !== 10) return;
          const ms = performance.now() - begun;
          const text = Buffer.concat(parts).toString("utf8");
          const [, name, data] = /event: (\w+)\ndata: (.*)\n\n/.exec(text) ?? [];
          response.destroy();
          if (name === event) resolve({ text: data!, ms });
          else reject(new Error(`a ${name} came, no ${event}`));
        });
      });
      sent.on("error", reject);
      sent.end();
    });
  }

  /** Runs a command that speaks to it, to its end. */
  async run(...words: readonly string[]): Promise<ShoalCommandEnd> {
    const child = new Child({
      name: `shoal ${words[0]}`,
      command: process.execPath,
      args: [shoalProgram(), ...words],
      env: this.#env,
      cwd: this.folder,
    });
    const out: string[] = [];
    child.onLine((line, from) => {
      if (from === "stdout") out.push(line);
    });
    child.endInput();
    const { code } = await child.exited;
    return { code, stdout: out.join("\n"), log: child.log };
  }

  /** kill -9. */
  kill(): Promise<unknown> {
    return this.child.kill();
  }

  #to(path: string): { readonly socketPath: string; readonly path: string } {
    return { socketPath: join(this.stateDir, "daemon.sock"), path: `/api/v1${path}` };
  }
}
