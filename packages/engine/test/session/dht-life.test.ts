import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LocalDht, SimulatedRandom, silentLog } from "@shoal/sim";
import { Xoshiro128 } from "../../dist/base/rng.js";
import { ShoalError } from "../../dist/base/errors.js";
import { decodeDhtRecord } from "../../dist/core/dht-record.js";
import { decodeDhtState } from "../../dist/core/dht/dht-state.js";
import { ExternalAddress } from "../../dist/core/external-address.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import { nodeSigner } from "../../dist/node/signer.js";
import type { Store } from "../../dist/ports/store.js";
import type { Udp } from "../../dist/ports/udp.js";
import { Dht } from "../../dist/session/dht.js";
import type { Sought } from "../../dist/session/peer-finder.js";

const MINUTE = 60_000;
const ENTRY = { host: "router.example", port: 6881 };

/** One session's part in a DHT of other nodes, under virtual time. */
class Scene {
  readonly others: LocalDht;
  readonly dht: Dht;
  readonly external: ExternalAddress = new ExternalAddress();
  readonly clock: ReturnType<LocalDht["guest"]>["clock"];
  readonly host: string;
  /** When a name was looked up. */
  readonly lookedUp: number[] = [];
  saves = 0;
  record: Uint8Array | null = null;
  isCut = false;

  /** `opensAt`: until then there is nothing to send by, and nobody says so. `answersTo`: whether others can ask us. */
  constructor(nodes: number, opensAt: number = 0, answersTo: boolean = true) {
    this.others = new LocalDht({ nodes, seed: 3 });
    const { host, udp, clock } = this.others.guest();
    this.host = host;
    this.clock = clock;
    const rng = new Xoshiro128(9);
    const net = {
      resolve: (name: string): Promise<string[]> => {
        assert.equal(name, ENTRY.host);
        this.lookedUp.push(clock.now());
        if (this.isCut) return Promise.reject(new ShoalError("ERR_CONNECT", "There is no network"));
        return Promise.resolve([this.others.members[0]!.endpoint.host]);
      },
    };
    const store = {
      updateRecord: (_name: string, change: (before: Uint8Array | null) => Uint8Array): Promise<void> => {
        this.record = change(this.record);
        this.saves++;
        return Promise.resolve();
      },
    };
    const late: Udp = {
      open: async (spec, onPacket) => {
        const { signal } = spec;
        const left = opensAt - clock.now();
        if (left > 0) {
          await new Promise<void>((resolve) => {
            const timer = clock.setTimer(left, resolve);
            signal?.addEventListener("abort", () => {
              timer.cancel();
              resolve();
            });
          });
          throw new ShoalError("ERR_LISTEN", "there is no way");
        }
        const socket = await udp.open(spec, onPacket);
        return answersTo ? socket : { ...socket, endpoint: { host: "0.0.0.0", port: 0 } };
      },
    };
    const ports = {
      clock,
      udp: late,
      random: new SimulatedRandom(rng),
      log: silentLog,
      hasher: nodeHasher,
      signer: nodeSigner,
      external: this.external,
      store: store as unknown as Store,
      net: net as never,
    };
    this.dht = new Dht(ports, rng, { bootstrap: [ENTRY], mayContact: () => true });
  }

  async enter(): Promise<void> {
    await this.dht.open(6881);
    this.dht.join();
  }

  /** Steps of a second, between which promises settle. */
  async run(ms: number): Promise<void> {
    const end = this.others.now + ms;
    while (this.others.now < end) {
      this.others.run(Math.min(1_000, end - this.others.now));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  get nodes(): number {
    return this.dht.stats().ipv4!.nodes;
  }
}

function sought(index: number): Sought & { found: number } {
  const name = index.toString(16).padStart(40, "0");
  return {
    found: 0,
    names: () => [name],
    port: () => 6881,
    localPort: () => 6881,
    isSeed: () => false,
    onPeers(peers) {
      this.found += peers.length;
    },
  };
}

describe("Dht", () => {
  it("enters by a well-known node, then needs it no more, and learns its address from others", async () => {
    const scene = new Scene(40);
    await scene.enter();
    await scene.run(2 * MINUTE);
    assert.ok(scene.nodes >= 16, `${scene.nodes} nodes`);
    assert.equal(scene.lookedUp.length, 1);
    assert.equal(scene.external.v4, scene.host);
    await scene.run(60 * MINUTE);
    assert.equal(scene.lookedUp.length, 1);
    assert.ok(scene.saves >= 4 && scene.saves <= 6, `${scene.saves} saves`);
    await scene.dht.close();
    assert.equal(scene.clock.timers, 0);
  });

  it("keeps what it knows after a minute, for who is killed", async () => {
    const scene = new Scene(40);
    await scene.enter();
    await scene.run(2 * MINUTE);
    const { v4 } = decodeDhtRecord(scene.record!);
    assert.ok((decodeDhtState(v4!, 4)?.nodes.length ?? 0) >= 16);
    await scene.dht.close();
  });

  it("waits for nothing that is silent, and takes part once it can", async () => {
    const scene = new Scene(40, 3 * MINUTE, false);
    const entering = scene.enter();
    await scene.run(2_000);
    await entering;
    assert.equal(scene.dht.stats().ipv4, null);
    await scene.run(5 * MINUTE);
    assert.ok(scene.nodes >= 16, `${scene.nodes} nodes`);
    assert.equal(scene.dht.portFor("192.0.2.1"), 0);
    await scene.dht.close();
  });

  it("ends while it still waits", async () => {
    const scene = new Scene(1, 60 * MINUTE);
    const entering = scene.enter();
    await scene.run(2_000);
    await entering;
    await scene.dht.close();
    assert.equal(scene.clock.timers, 0);
  });

  it("tries again and again to enter, less and less often, and at once after sleep", async () => {
    const scene = new Scene(20);
    scene.isCut = true;
    await scene.enter();
    await scene.run(60 * MINUTE);
    const pauses = scene.lookedUp.slice(1).map((at, i) => Math.round((at - scene.lookedUp[i]!) / 1_000));
    assert.deepEqual(pauses.slice(0, 8), [5, 10, 20, 40, 80, 160, 300, 300]);
    scene.isCut = false;
    scene.clock.sleep();
    scene.others.run(20 * MINUTE);
    scene.clock.wake(false);
    const awakeAt = scene.clock.now();
    await scene.run(MINUTE + 5_000);
    assert.ok(scene.lookedUp.at(-1)! - awakeAt <= MINUTE, "it does not wait for its turn");
    assert.ok(scene.nodes > 0);
    await scene.dht.close();
  });

  it("comes back when all others were away", async () => {
    const scene = new Scene(20);
    await scene.enter();
    await scene.run(5 * MINUTE);
    for (const member of scene.others.members) member.state = "dead";
    await scene.run(60 * MINUTE);
    const asked = scene.lookedUp.length;
    assert.ok(asked > 1 && asked < 25, `${asked} times`);
    for (const member of scene.others.members) {
      member.state = "honest";
      scene.others.touch(member);
    }
    await scene.run(20 * MINUTE);
    assert.ok(scene.dht.stats().ipv4!.goodNodes > 0);
    await scene.dht.close();
  });

  it("two torrents of one name, on different machines, find each other", async () => {
    const scene = new Scene(40);
    await scene.enter();
    const [member] = scene.others.members.slice(-1);
    const infoHash = new Uint8Array(20);
    infoHash[19] = 7;
    member!.node.announce(infoHash, { port: 5000, isSeed: true });
    scene.others.touch(member!);
    await scene.run(MINUTE);
    const torrent = sought(7);
    const seeking = scene.dht.seek(torrent, {});
    await scene.run(MINUTE);
    assert.ok(torrent.found > 0);
    const { asked, answered, peers } = seeking.progress();
    assert.ok(asked >= 8 && answered >= 8 && answered <= asked && peers > 0, `${asked} ${answered} ${peers}`);
    await scene.dht.close();
  });
});
