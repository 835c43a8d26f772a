import type { Child } from "./child.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * Calls into a helper process that reads one JSON object a line, `{"id", "do", …}`, and answers with
 * `{"id", "ok": …}` or `{"id", "error": …}`. Its first line, `{"ready": …}`, settles `ready`.
 */
export class JsonLines {
  readonly ready: Promise<Json>;
  readonly #child: Child;
  readonly #waiting: Map<number, { resolve: (answer: Json) => void; reject: (error: Error) => void }> =
    new Map();
  #nextId = 1;

  constructor(child: Child) {
    this.#child = child;
    this.ready = new Promise((resolve, reject) => this.#waiting.set(0, { resolve, reject }));
    this.ready.catch(() => {});
    child.onLine((line, from) => {
      if (from === "stdout" && line.startsWith("{")) this.#onLine(line);
    });
    void child.exited.then(() => {
      for (const waiting of this.#waiting.values()) {
        waiting.reject(new Error(`${child.name} ended while it was asked\n${child.log}`));
      }
      this.#waiting.clear();
    });
  }

  call(what: string, args: Json = {}): Promise<Json> {
    if (this.#child.exit !== null) return Promise.reject(new Error(`${this.#child.name} has ended`));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.write(`${JSON.stringify({ id, do: what, ...args })}\n`);
    });
  }

  #onLine(line: string): void {
    const message = JSON.parse(line) as Json;
    const isReady = "ready" in message;
    const id = isReady ? 0 : (message["id"] as number);
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    if ("error" in message) waiting.reject(new Error(`${this.#child.name}: ${String(message["error"])}`));
    else waiting.resolve((isReady ? message["ready"] : message["ok"]) as Json);
  }
}
