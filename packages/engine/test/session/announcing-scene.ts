import assert from "node:assert/strict";
import { MovedClock } from "@shoal/sim";
import type { Endpoint, Family } from "../../dist/base/address.js";
import { ShoalError } from "../../dist/base/errors.js";
import { Xoshiro128 } from "../../dist/base/rng.js";
import { ExternalAddress } from "../../dist/core/external-address.js";
import type { Http, HttpGetOptions } from "../../dist/ports/http.js";
import type { Announcing, AnnounceInfo } from "../../dist/session/announcing.js";
import type { TrackerResult } from "../../dist/session/tracker-status.js";
import { TrackerClient } from "../../dist/session/tracker-client.js";

const NAME: string = "11".repeat(20);
export const MINUTE = 60_000;
export const HOUR: number = 60 * MINUTE;
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export interface Asked {
  readonly url: URL;
  readonly family: Family | undefined;
  readonly options: HttpGetOptions;
  answer(body: string): Promise<void>;
  fail(): Promise<void>;
}

interface Scene {
  readonly client: TrackerClient;
  readonly clock: MovedClock;
  readonly external: ExternalAddress;
  readonly add: (tiers: readonly (readonly string[])[], more?: Partial<AnnounceInfo>) => Announcing;
  readonly asked: Asked[];
  readonly peers: Endpoint[];
  readonly results: TrackerResult[];
}

/** A client whose requests are answered by the test, under a virtual clock. */
export function setUp(families: readonly Family[] = []): Scene {
  const clock = new MovedClock();
  const asked: Asked[] = [];
  const http: Http = {
    families: () => Promise.resolve(families),
    stream: () => assert.fail(),
    close() {},
    get: (url, options) =>
      new Promise((resolve, reject) => {
        const fail = (): void => reject(new ShoalError("ERR_HTTP", "nobody is there"));
        options.signal?.addEventListener("abort", fail);
        asked.push({
          url: new URL(url),
          family: options.family,
          options,
          answer(body) {
            resolve({ status: 200, headers: new Map(), body: Buffer.from(body, "latin1") });
            return settle();
          },
          fail() {
            fail();
            return settle();
          },
        });
      }),
  };
  let random = 1;
  const external = new ExternalAddress();
  const client = new TrackerClient(
    {
      clock,
      http,
      net: {
        listen: () => assert.fail(),
        connect: () => assert.fail(),
        resolve: () => assert.fail(),
        obstacle: null,
        watch: () => () => {},
      },
      udp: { open: () => assert.fail() },
      random: { fill: (target) => target, uint32: () => random++ },
      log: { debug() {}, info() {}, warn() {}, error: (text) => assert.fail(text) },
      external,
    },
    new Xoshiro128(5),
  );
  const peers: Endpoint[] = [];
  const results: TrackerResult[] = [];
  const listener = {
    onPeers: (found: readonly Endpoint[]): void => void peers.push(...found),
    onResult: (result: TrackerResult): void => void results.push(result),
  };
  const add = (tiers: readonly (readonly string[])[], more: Partial<AnnounceInfo> = {}): Announcing => {
    const defaults: AnnounceInfo = {
      tiers,
      names: () => [NAME],
      peerId: new Uint8Array(20),
      port: () => 1,
      totals: () => ({ uploaded: 1, downloaded: 2, left: 3 }),
    };
    // Getters stay getters.
    const info = Object.defineProperties(defaults, Object.getOwnPropertyDescriptors(more));
    return client.add(info, listener);
  };
  return { client, clock, external, add, asked, peers, results };
}

export const peer = (last: number): string => `6:\x01\x02\x03${String.fromCharCode(last)}\x1a\xe1`;
export const ANSWER: string = `d8:completei4e10:incompletei5e8:intervali1800e5:peers${peer(4)}e`;
