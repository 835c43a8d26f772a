import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { request, type RequestOptions } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { SettingValues } from "@shoal/schema/settings";
import { type Daemon, type DaemonOptions, profilePaths, startDaemon } from "../dist/index.js";
import { Settings } from "../dist/settings/settings.js";

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A node with a state folder of its own, which may be started again and again. */
export class Scene {
  readonly dir: string = mkdtempSync(join(tmpdir(), "shoal-daemon-"));
  readonly options: Omit<DaemonOptions, "settings">;
  readonly #flags: Partial<SettingValues>;
  #daemon: Daemon | null = null;

  /** `flags`: settings that the test needs. */
  constructor(t: TestContext, changes: Partial<DaemonOptions> = {}, flags: Partial<SettingValues> = {}) {
    this.#flags = {
      "downloads.dir": join(this.dir, "downloads"),
      "downloads.reserve": 0,
      "ui.port": 0,
      ...flags,
    };
    const place = { env: {}, home: this.dir, platform: process.platform, stateDir: this.dir };
    const fail = (message: string, fields?: object): void =>
      assert.fail(`${message} ${JSON.stringify(fields)}`);
    this.options = {
      profile: profilePaths("default", place),
      session: { offline: true, ports: [0], lsd: false, dht: false },
      log: { debug() {}, info() {}, warn() {}, error: fail },
      env: process.env,
      now: () => Date.now(),
      version: "1.2.3",
      onShutDown: () => {},
      ...changes,
    };
    t.after(async () => {
      await this.stop();
      rmSync(this.dir, { recursive: true, force: true });
    });
  }

  get downloadDir(): string {
    return join(this.dir, "downloads");
  }

  async start(): Promise<Daemon> {
    const files = this.options.profile.configFiles;
    const settings = await Settings.open({ files, env: {}, home: this.dir, flags: this.#flags });
    this.#daemon = await startDaemon({ ...this.options, settings });
    return this.#daemon;
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
    this.#daemon = null;
  }

  /** Over the socket of the user. */
  call(method: string, path: string, body?: object): Promise<Answer> {
    return ask({ socketPath: this.options.profile.socket }, method, path, body);
  }
}

type Target = Omit<RequestOptions, "headers"> & { readonly headers?: Readonly<Record<string, string>> };

export function ask(to: Target, method: string, path: string, body?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { headers: given, ...target } = to;
    const headers = body === undefined ? { ...given } : { ...given, "content-type": "application/json" };
    const sent = request({ ...target, method, path: `/api/v1${path}`, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> }),
      );
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
