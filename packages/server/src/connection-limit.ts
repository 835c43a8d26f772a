import type { Server } from "node:http";

/** One client must not take all file descriptors. */
export class ConnectionLimit {
  readonly #perClient: number;
  readonly #isExempt: (client: string) => boolean;
  readonly #open: Map<string, number> = new Map();

  /** `isExempt`: many clients stand behind this address. */
  constructor(perClient: number, isExempt: (client: string) => boolean) {
    this.#perClient = perClient;
    this.#isExempt = isExempt;
  }

  /** Holds for this server, and together with the others. */
  watch(server: Server): void {
    server.on("connection", (socket) => {
      const client = socket.remoteAddress ?? "";
      if (this.#isExempt(client)) return;
      const count = (this.#open.get(client) ?? 0) + 1;
      if (count > this.#perClient) {
        socket.destroy();
        return;
      }
      this.#open.set(client, count);
      socket.once("close", () => {
        const left = this.#open.get(client)! - 1;
        if (left === 0) this.#open.delete(client);
        else this.#open.set(client, left);
      });
    });
  }
}
