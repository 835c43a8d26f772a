import { fixturePath } from "../paths.ts";
import { poll } from "../poll.ts";
import type { Stage } from "../stage.ts";

/** A name server of ours on port 53 of one address. */
export class NameServer {
  /** Names in the order in which they were asked for. */
  readonly asked: string[] = [];

  private constructor() {}

  /** All names below "test" have `address`; without one nothing is answered. */
  static async start(stage: Stage, host: string, address?: string): Promise<NameServer> {
    const names = new NameServer();
    const args = [fixturePath("dns-server.js"), host, ...(address === undefined ? [] : [address])];
    const server = stage.spawn({ name: "name server", command: process.execPath, args });
    server.onLine((line, from) => {
      if (from !== "stdout") return;
      const { asked } = JSON.parse(line) as { asked?: string };
      if (asked !== undefined) names.asked.push(asked);
    });
    await server.says(/"ready"/);
    return names;
  }

  async untilAsked(name: string): Promise<void> {
    await poll(`${name} is asked for`, () => this.asked.includes(name));
  }
}
