import type { Child, Stage } from "@shoal/testkit";
import { driverPath } from "../paths.ts";

/** Debian's binding is built for the system's interpreter. */
export const PYTHON = "/usr/bin/python3";

export type Preset = "tuned" | "default";

type Json = Readonly<Record<string, unknown>>;

interface Waiting {
  readonly resolve: (answer: Json) => void;
  readonly reject: (error: Error) => void;
}

/** One libtorrent session in a process of its own: see drivers/libtorrent_tuned.py. */
export class LibtorrentDriver {
  readonly host: string;
  readonly port: number;
  readonly child: Child;
  readonly #waiting: Map<number, Waiting> = new Map();
  #nextId = 1;

  private constructor(host: string, port: number, child: Child) {
    this.host = host;
    this.port = port;
    this.child = child;
    child.onLine((line, from) => {
      if (from === "stdout" && line.startsWith("{")) this.#onLine(line);
    });
    void child.exited.then(() => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`libtorrent ended\n${child.log}`));
    });
  }

  static async start(stage: Stage, preset: Preset): Promise<LibtorrentDriver> {
    const host = stage.nextHost();
    const port = await stage.freePort(host);
    const child = stage.spawn({
      name: "libtorrent",
      command: PYTHON,
      args: [driverPath("libtorrent_tuned.py"), host, String(port), preset],
    });
    const driver = new LibtorrentDriver(host, port, child);
    const ready = await new Promise<Json>((resolve, reject) => driver.#waiting.set(0, { resolve, reject }));
    if (ready["port"] !== port)
      throw new Error(`libtorrent listens on ${String(ready["port"])}, not ${port}`);
    return driver;
  }

  call(what: string, args: Json): Promise<Json> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.child.write(`${JSON.stringify({ id, do: what, ...args })}\n`);
    });
  }

  stop(): Promise<unknown> {
    return this.child.stop(500, "SIGKILL");
  }

  #onLine(line: string): void {
    const message = JSON.parse(line) as Json;
    const id = (message["id"] as number | undefined) ?? 0;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if ("error" in message) waiting?.reject(new Error(`libtorrent: ${String(message["error"])}`));
    else waiting?.resolve((message["ready"] ?? message["ok"]) as Json);
  }
}
