import type { Child, Stage } from "@shoal/testkit";

/** How to start a driver: `args` is given the address and port that it has to use. */
export interface DriverProgram {
  readonly name: string;
  readonly command: string;
  readonly args: (host: string, port: number) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

type Json = Readonly<Record<string, unknown>>;

interface Waiting {
  readonly resolve: (answer: Json) => void;
  readonly reject: (error: Error) => void;
}

/** One session of some engine in a process of its own, which takes orders as lines of JSON. */
export class Driver {
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
      for (const { reject } of this.#waiting.values()) reject(new Error(`${child.name} ended\n${child.log}`));
    });
  }

  static async start(stage: Stage, program: DriverProgram): Promise<Driver> {
    const host = stage.nextHost();
    const port = await stage.freePort(host);
    const child = stage.spawn({
      name: program.name,
      command: program.command,
      args: program.args(host, port),
      ...(program.env === undefined ? {} : { env: program.env }),
    });
    const driver = new Driver(host, port, child);
    const ready = await new Promise<Json>((resolve, reject) => driver.#waiting.set(0, { resolve, reject }));
    if (ready["port"] !== port)
      throw new Error(`${program.name} listens on ${String(ready["port"])}, not ${port}`);
    return driver;
  }

  call(what: string, args: Json): Promise<Json> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.child.write(`${JSON.stringify({ id, do: what, ...args })}\n`);
    });
  }

  /** Lets it end by itself: a profile is written then. */
  async finish(): Promise<void> {
    this.child.endInput();
    await this.child.exited;
  }

  stop(): Promise<unknown> {
    return this.child.stop(500, "SIGKILL");
  }

  #onLine(line: string): void {
    const message = JSON.parse(line) as Json;
    const id = (message["id"] as number | undefined) ?? 0;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if ("error" in message) waiting?.reject(new Error(`${this.child.name}: ${String(message["error"])}`));
    else waiting?.resolve((message["ready"] ?? message["ok"]) as Json);
  }
}
