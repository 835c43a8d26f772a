import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Xoshiro128 } from "../../dist/base/rng.js";
import type { Route } from "../../dist/base/route.js";
import { MovedClock, SimulatedRandom, SimulatedStore, silentLog } from "@shoal/sim";
import { ExternalAddress } from "../../dist/core/external-address.js";
import type { Reachability } from "../../dist/core/port-mapping/reachability.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import type { RouterLink, RouterListener, Routers } from "../../dist/ports/routers.js";
import { PortMapper } from "../../dist/session/port-mapper.js";

const HOME: Route = { family: 4, gateway: "192.168.1.1", local: "192.168.1.5" };
const CAFE: Route = { family: 4, gateway: "10.0.0.1", local: "10.0.0.9" };
const PORT = 41873;

/** Routers that speak PCP at once and keep what is open, by gateway. */
class PcpRouters implements Routers {
  here: readonly Route[] = [HOME];
  outside = "80.1.2.3";
  isSilent = false;
  /** Who holds what is open, by gateway and protocol: nobody else may renew or remove it. */
  readonly #holders: Map<string, string> = new Map();
  isGone: (route: Route) => boolean = () => false;
  readonly opened: Map<string, Set<number>> = new Map();
  links = 0;

  routes(): Promise<readonly Route[]> {
    return Promise.resolve(this.here);
  }

  open(route: Route, listener: RouterListener): Promise<RouterLink> {
    if (this.isGone(route)) return Promise.reject(new Error("gone"));
    const opened = this.opened.get(route.gateway!) ?? new Set();
    this.opened.set(route.gateway!, opened);
    let isOpen = true;
    this.links++;
    return Promise.resolve({
      sendToGateway: (packet) => {
        if (!isOpen || this.isSilent || packet[0] !== 2) return;
        const answer = packet.slice();
        answer[1] = 0x81;
        answer.fill(0, 8, 24);
        const holder = `${route.gateway} ${packet[36]}`;
        const nonce = packet.subarray(24, 36).join();
        if ((this.#holders.get(holder) ?? nonce) !== nonce) return;
        this.#holders.set(holder, nonce);
        const isRemoval = answer.subarray(4, 8).every((byte) => byte === 0);
        if (isRemoval) opened.delete(packet[36]!);
        else opened.add(packet[36]!);
        answer.set(this.outside.split(".").map(Number), 56);
        queueMicrotask(() => isOpen && listener.onGatewayPacket(answer));
      },
      search: () => undefined,
      call: () => Promise.resolve(null),
      close: () => {
        if (isOpen) this.links--;
        isOpen = false;
      },
    });
  }
}

function scene(
  store: SimulatedStore = new SimulatedStore(),
  routers: PcpRouters = new PcpRouters(),
  seed: number = 2,
): {
  clock: MovedClock;
  routers: PcpRouters;
  external: ExternalAddress;
  mapper: PortMapper;
  news: Reachability[];
} {
  const clock = new MovedClock();
  const external = new ExternalAddress();
  const random = new SimulatedRandom(new Xoshiro128(seed));
  const ports = { clock, routers, random, log: silentLog, external, store, hasher: nodeHasher };
  const mapper = new PortMapper(ports, new Xoshiro128(1));
  return { clock, routers, external, mapper, news: [] };
}

describe("PortMapper", () => {
  test("opens, tells once, and takes everything back", async () => {
    const { clock, routers, external, mapper, news } = scene();
    await mapper.open(
      () => PORT,
      (reachability) => news.push(reachability),
    );
    await clock.advance(4 * 3_600_000);
    assert.deepEqual(routers.opened.get(HOME.gateway!), new Set([6, 17]));
    const last = news.at(-1);
    assert.equal(last?.ipv4.state === "open" && last.ipv4.host, "80.1.2.3");
    assert.equal(last?.ipv6.state === "closed" && last.ipv6.code, "no-router");
    assert.deepEqual(
      news.map(({ ipv4 }) => ipv4.state),
      ["open"],
    );
    assert.equal(external.v4, "80.1.2.3", "the router has a vote on our address");
    const closed = mapper.close();
    await clock.advance(100);
    await closed;
    assert.equal(routers.opened.get(HOME.gateway!)!.size, 0);
    assert.equal(routers.links, 0);
    assert.equal(clock.timers, 0);
  });

  test("follows into another network within a minute, and out of all", async () => {
    const { clock, routers, mapper, news } = scene();
    await mapper.open(
      () => PORT,
      (reachability) => news.push(reachability),
    );
    await clock.advance(1_000);
    routers.here = [CAFE];
    routers.outside = "10.99.0.1";
    await clock.advance(60_000);
    assert.equal(routers.opened.get(CAFE.gateway!)?.size, 2);
    assert.equal(routers.links, 1);
    const now = mapper.reachability.ipv4;
    assert.equal(now.state === "closed" && now.code, "double-nat");
    routers.here = [];
    await clock.advance(60_000);
    const alone = mapper.reachability.ipv4;
    assert.equal(alone.state === "closed" && alone.code, "no-router");
    await mapper.close();
    assert.equal(routers.links, 0);
    assert.equal(clock.timers, 0);
  });

  test("others who see us under another address than the router's tell of a second router", async () => {
    const { clock, external, mapper, news } = scene();
    await mapper.open(
      () => PORT,
      (reachability) => news.push(reachability),
    );
    await clock.advance(1_000);
    for (let i = 1; i <= 5; i++) external.vote("90.9.9.9", `70.${i}.0.1`, "dht");
    const way = news.at(-1)!.ipv4;
    assert.equal(way.state === "closed" && way.code, "double-nat");
    const closed = mapper.close();
    await clock.advance(100);
    await closed;
  });

  test("a router that does not answer at the end is waited for, but not long", async () => {
    const { clock, routers, mapper } = scene();
    await mapper.open(
      () => PORT,
      () => undefined,
    );
    await clock.advance(1_000);
    routers.isSilent = true;
    let isClosed = false;
    const closed = mapper.close().then(() => (isClosed = true));
    await clock.advance(1_500);
    await closed;
    assert.ok(isClosed);
    assert.equal(clock.timers, 0);
  });

  test("nothing is asked while there is no port", async () => {
    const { clock, routers, mapper, news } = scene();
    let port = 0;
    await mapper.open(
      () => port,
      (reachability) => news.push(reachability),
    );
    await clock.advance(100_000);
    assert.equal(routers.opened.size, 0);
    assert.deepEqual(news, []);
    port = PORT;
    await clock.advance(60_000);
    assert.equal(routers.opened.get(HOME.gateway!)?.size, 2);
    await Promise.all([mapper.close(), clock.advance(2_000)]);
    assert.equal(clock.timers, 0);
  });

  test("after a change of the network routers are asked anew, also the same ones", async () => {
    const { clock, routers, mapper } = scene();
    await mapper.open(
      () => PORT,
      () => undefined,
    );
    await clock.advance(1_000);
    routers.opened.clear();
    mapper.onNetwork();
    assert.equal(routers.links, 0, "nothing more is sent by the old way");
    assert.equal(mapper.reachability.ipv4.state, "closed");
    await clock.advance(3_000);
    assert.equal(routers.links, 1);
    assert.equal(routers.opened.get(HOME.gateway!)?.size, 2);
    assert.equal(mapper.reachability.ipv4.state, "open");
    await Promise.all([mapper.close(), clock.advance(2_000)]);
  });

  test("a change of the network while a router is being looked for", async () => {
    const { clock, routers, mapper } = scene();
    const opening = mapper.open(
      () => PORT,
      () => undefined,
    );
    await Promise.resolve();
    mapper.onNetwork();
    await opening;
    assert.equal(routers.links, 0);
    await clock.advance(4_000);
    assert.equal(routers.links, 1);
    await Promise.all([mapper.close(), clock.advance(2_000)]);
  });

  test("one family that can't be had does not keep the other away", async () => {
    const { clock, routers, mapper } = scene();
    routers.here = [HOME, { family: 6, gateway: "fe80::1", local: "2001:db8:1::5" }];
    routers.isGone = (route) => route.family === 4;
    await mapper.open(
      () => PORT,
      () => undefined,
    );
    await clock.advance(1_000);
    assert.equal(routers.links, 1);
    await Promise.all([mapper.close(), clock.advance(2_000)]);
  });

  test("what a run opened that ended without a word, the next one renews and takes back", async () => {
    const store = new SimulatedStore();
    const before = scene(store);
    await before.mapper.open(
      () => PORT,
      () => undefined,
    );
    await before.clock.advance(1_000);
    const { clock, routers, mapper } = scene(store.copy(), before.routers, 3);
    await mapper.open(
      () => PORT,
      () => undefined,
    );
    await clock.advance(1_000);
    assert.equal(mapper.reachability.ipv4.state, "open");
    await Promise.all([mapper.close(), clock.advance(2_000)]);
    assert.equal(routers.opened.get(HOME.gateway!)?.size, 0);
  });
});
