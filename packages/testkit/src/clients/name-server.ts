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
    await new Promise<void>((resolve) => {
      server.onLine((line) => {
        const { ready, asked } = JSON.parse(line) as { ready?: object; asked?: string };
        if (ready !== undefined) resolve();
        if (asked !== undefined) names.asked.push(asked);
      });
    });
    return names;
  }

  async untilAsked(name: string): Promise<void> {
    await poll(`${name} is asked for`, () => Promise.resolve(this.asked.includes(name)));
  }
}
