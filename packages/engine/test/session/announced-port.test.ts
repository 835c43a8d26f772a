import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedTracker, SimulatedWorld } from "@shoal/sim";
import type { RouterListener, Routers } from "../../dist/ports/routers.js";

const OWN_PORT = 6881;
const OUTSIDE_PORT = 7000;

/** A router that says nothing until it is woken, and then opens another port than ours. */
function slowRouters(world: SimulatedWorld): { routers: Routers; wake: () => void } {
  let listener: RouterListener | null = null;
  let isAwake = false;
  const routers: Routers = {
    routes: () => Promise.resolve([{ family: 4, gateway: "192.168.1.1", local: "192.168.1.5" }]),
    open: (_route, heard) => {
      listener = heard;
      return Promise.resolve({
        sendToGateway: (packet) => {
          if (!isAwake || packet[0] !== 2) return;
          const answer = packet.slice();
          answer[1] = 0x81;
          answer.fill(0, 8, 24);
          answer.set([OUTSIDE_PORT >>> 8, OUTSIDE_PORT & 0xff], 42);
          answer.set([80, 1, 2, 3], 56);
          world.at(1, () => listener?.onGatewayPacket(answer));
        },
        search: () => undefined,
        call: () => Promise.resolve(null),
        close: () => undefined,
      });
    },
  };
  return { routers, wake: () => void (isAwake = true) };
}

test("trackers that were told our own port are told the router's, as soon as manners allow", async () => {
  const world = new SimulatedWorld();
  const tracker = new SimulatedTracker(world.rng);
  const told: { readonly at: number; readonly port: number }[] = [];
  world.web.serve("tracker.example", (url, from) => {
    told.push({ at: world.now(), port: Number(url.searchParams.get("port")) });
    return tracker.server(url, from);
  });
  const trackers = [["http://tracker.example/announce"]];
  const made = await world.make({ file: 100_000 }, { kind: "v1", pieceLength: 65_536, trackers });
  const { routers, wake } = slowRouters(world);
  const node = await world.node({ routers });
  world.write(node, made, "/data");
  await node.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true });
  await world.until("it is announced", () => told.length === 1);
  assert.equal(told[0]?.port, OWN_PORT);
  wake();
  const opened = (): boolean => node.session.reachability().ipv4.state === "open";
  await world.until("the port is open", opened, 300_000);
  const openedAt = world.now();
  await world.until("it is announced again", () => told.length === 2, 120_000);
  assert.equal(told[1]?.port, OUTSIDE_PORT);
  assert.ok(told[1].at - openedAt < 61_000);
  await world.finish(node.session.close());
});
