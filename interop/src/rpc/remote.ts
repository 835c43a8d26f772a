import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Child, poll, runShoal, Shoal, type Stage } from "@shoal/testkit";

/** What `transmission-remote` did. */
export interface RemoteRun {
  readonly code: number | null;
  /** Both outputs. */
  readonly text: string;
}

/** A daemon that speaks Transmission's RPC, driven by Debian's `transmission-remote`. */
export class RemoteDaemon {
  readonly name: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Where its downloads lie. */
  readonly folder: string;
  readonly #stage: Stage;

  private constructor(
    stage: Stage,
    parts: Pick<RemoteDaemon, "name" | "port" | "user" | "password" | "folder">,
  ) {
    this.#stage = stage;
    this.name = parts.name;
    this.port = parts.port;
    this.user = parts.user;
    this.password = parts.password;
    this.folder = parts.folder;
  }

  static async transmission(stage: Stage): Promise<RemoteDaemon> {
    const config = stage.folder("transmission");
    const folder = stage.folder("downloads");
    const port = await stage.freePort();
    const [user, password] = ["golden", "secret"];
    const settings = {
      "bind-address-ipv4": "127.0.0.1",
      "bind-address-ipv6": "::1",
      "dht-enabled": true,
      "download-dir": folder,
      "lpd-enabled": true,
      "peer-port": await stage.freePort(),
      "port-forwarding-enabled": true,
      "queue-stalled-enabled": false,
      "ratio-limit": 2,
      "ratio-limit-enabled": true,
      "rename-partial-files": false,
      "rpc-authentication-required": true,
      "rpc-bind-address": "127.0.0.1",
      "rpc-password": password,
      "rpc-port": port,
      "rpc-username": user,
      "rpc-whitelist-enabled": false,
      "utp-enabled": false,
    };
    await writeFile(join(config, "settings.json"), JSON.stringify(settings));
    const args = ["--foreground", "--config-dir", config];
    const child = stage.spawn({
      name: "transmission-daemon",
      command: "transmission-daemon",
      args,
      env: { HOME: config },
    });
    const daemon = new RemoteDaemon(stage, { name: "transmission", port, user, password, folder });
    await daemon.#answers(child);
    return daemon;
  }

  /** Ours, with a token made by the command line. */
  static async shoal(stage: Stage): Promise<RemoteDaemon> {
    const state = stage.folder("state");
    const folder = stage.folder("downloads");
    const ports = ["--port", "0", "--ui-port", "0", "--rpc-port", "0"];
    const shoal = Shoal.start(stage, ["daemon", "run", ...ports, "--download-dir", folder], state);
    const { rpc } = await shoal.listening();
    const token = await runShoal(["token", "new", "--for", "golden", "--scope", "admin", "--json"], state);
    const { user, password } = JSON.parse(token) as { user: string; password: string };
    return new RemoteDaemon(stage, {
      name: "shoal",
      port: Number(new URL(String(rpc)).port),
      user,
      password,
      folder,
    });
  }

  /** `transmission-remote PORT -n USER:PASSWORD …args`; "FOLDER" in an argument stands for the folder of the downloads. */
  remote(...args: readonly string[]): Promise<RemoteRun> {
    return this.run(["-n", `${this.user}:${this.password}`, ...args]);
  }

  /** The same without signing in. */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RemoteRun> {
    const words = args.map((word) => word.replaceAll("FOLDER", this.folder));
    const child = this.#stage.spawn({
      name: `transmission-remote (${this.name})`,
      command: "transmission-remote",
      args: [String(this.port), ...words],
      env,
    });
    // Two pipes: which of them is read first is chance.
    const said = { stdout: "", stderr: "" };
    child.onLine((line, from) => (said[from] += `${line}\n`));
    child.endInput();
    const { code } = await child.exited;
    return { code, text: said.stdout + said.stderr };
  }

  /** Waits until nothing is being checked or begun: what the list says of each torrent is what it will stay. */
  async settle(): Promise<void> {
    await poll(`${this.name} has settled`, async () => {
      const { text } = await this.remote("-l");
      return !/Verifying|Will Verify|Queued|Up & Down|nan/.test(text);
    });
  }

  /** Waits until the list has the words. */
  async lists(words: RegExp): Promise<void> {
    await poll(`${this.name} lists ${words.source}`, async () => words.test((await this.remote("-l")).text));
  }

  /** Puts a file or folder where the downloads lie. */
  async put(path: string, name: string): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await cp(path, join(this.folder, name), { recursive: true });
  }

  async #answers(child: Child): Promise<void> {
    await child.answers(async () => {
      const { code } = await this.remote("-l");
      if (code !== 0) throw new Error("not yet");
    }, 15_000);
  }
}

/** The program's list of its options, each with its long form or, where it has none, its short one. */
export function optionsOf(help: string): string[] {
  return [...help.matchAll(/^ +(?:-\w+ +)?(--[a-z-]+)/gm)].map(([, option]) => option!);
}
