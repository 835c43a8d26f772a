import assert from "node:assert/strict";
import { test } from "node:test";
import { announcedPort, NOT_ASKED, wayIn } from "../../../dist/core/port-mapping/reachability.js";
import { PORT, ROUTE_4, RouterWorld } from "./fake-router.ts";

function openWorld(outside: string): RouterWorld {
  const world = new RouterWorld(ROUTE_4, { outside });
  world.taken.add(`tcp ${PORT}`);
  world.start();
  world.advance(100);
  return world;
}

test("an opening, and the port that others are told", () => {
  const route = openWorld("80.1.2.3").mapping.state;
  const facts = { route, port: PORT, seenAs: null, toWallTime: () => 77 };
  const ipv4 = wayIn(facts);
  assert.deepEqual(ipv4, { state: "open", via: "PCP", host: "80.1.2.3", port: PORT + 1, expiresAt: 77 });
  assert.deepEqual(wayIn({ ...facts, seenAs: "80.1.2.3" }), ipv4);
  const reachability = { ...NOT_ASKED, ipv4 };
  assert.equal(announcedPort(PORT, reachability, 4), PORT + 1);
  assert.equal(announcedPort(PORT, reachability, 6), PORT);
  assert.equal(announcedPort(0, reachability, 4), 0, "we don't listen");
});

test("a router behind another one", () => {
  for (const [outside, seenAs] of [
    ["10.0.0.7", null],
    ["100.64.0.7", null],
    ["192.168.0.7", "80.1.2.3"],
    ["80.1.2.3", "80.9.9.9"],
  ] as const) {
    const way = wayIn({ route: openWorld(outside).mapping.state, port: PORT, seenAs, toWallTime: () => 0 });
    assert.equal(way.state === "closed" && way.code, "double-nat");
    assert.ok(way.state === "closed" && way.reason.includes(outside));
  }
});

test("a router that says it has no address, while others see us", () => {
  const world = new RouterWorld(ROUTE_4, { result: 7, upnp: false });
  world.start();
  world.advance(10_000);
  for (const [seenAs, code] of [
    [null, "no-outside"],
    ["80.9.9.9", "double-nat"],
  ] as const) {
    const way = wayIn({ route: world.mapping.state, port: PORT, seenAs, toWallTime: () => 0 });
    assert.equal(way.state === "closed" && way.code, code);
  }
});

test("no router, none that answers, and none that is needed", () => {
  const facts = { port: PORT, seenAs: null, toWallTime: () => 0 };
  assert.equal(wayIn({ ...facts, route: null }).state, "closed");
  const world = new RouterWorld(ROUTE_4, { pcp: false, natPmp: false, upnp: false });
  world.start();
  assert.deepEqual(wayIn({ ...facts, route: world.mapping.state }), { state: "looking" });
  world.advance(10_000);
  const silent = wayIn({ ...facts, route: world.mapping.state });
  assert.equal(silent.state === "closed" && silent.code, "silent");
  const route = { ...world.mapping.state, route: { ...ROUTE_4, local: "80.1.2.3" } };
  assert.deepEqual(wayIn({ ...facts, route }), {
    state: "open",
    via: null,
    host: "80.1.2.3",
    port: PORT,
    expiresAt: null,
  });
});
