import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8 } from "../../../dist/base/bytes.js";
import { PORT, ROUTE_4, ROUTE_6, RouterWorld } from "./fake-router.ts";

const BOTH = [`tcp ${PORT}`, `udp ${PORT}`];
const HOUR = 3_600_000;

describe("RouteMapping", () => {
  test("PCP is asked first, and UPnP is left alone when it answers", () => {
    const world = new RouterWorld();
    world.start();
    assert.deepEqual([world.mapping.state.tcp, world.mapping.state.failure], [null, null]);
    world.advance(100);
    const { tcp, udp, failure } = world.mapping.state;
    assert.deepEqual(world.open, BOTH);
    assert.deepEqual([tcp?.via, tcp?.externalHost, tcp?.externalPort], ["PCP", "80.1.2.3", PORT]);
    assert.deepEqual([udp?.via, udp?.externalPort, failure], ["PCP", PORT, null]);
    world.advance(10_000);
    assert.ok(!world.heard.some((what) => what.startsWith("get")));
  });

  test("a router that knows only NAT-PMP says so, and is asked in that", () => {
    const world = new RouterWorld(ROUTE_4, { pcp: false, upnp: false });
    world.start();
    world.advance(100);
    assert.deepEqual(world.open, BOTH);
    assert.equal(world.mapping.state.tcp?.via, "NAT-PMP");
    assert.equal(world.mapping.state.tcp?.externalHost, "80.1.2.3");
  });

  test("UPnP follows after a second without an answer", () => {
    const world = new RouterWorld(ROUTE_4, { pcp: false, natPmp: false });
    world.start();
    world.advance(990);
    assert.deepEqual(world.open, []);
    world.advance(100);
    assert.deepEqual(world.open, BOTH);
    assert.equal(world.mapping.state.tcp?.via, "UPnP");
    const packets = world.heard.filter((what) => /pcp|nat-pmp/.test(what)).length;
    world.advance(10_000);
    assert.equal(
      world.heard.filter((what) => /pcp|nat-pmp/.test(what)).length,
      packets,
      "PCP is not asked on",
    );
  });

  test("UPnP follows at once when PCP is refused", () => {
    const world = new RouterWorld(ROUTE_4, { result: 2 });
    world.start();
    world.advance(50);
    assert.deepEqual(world.open, BOTH);
    assert.equal(world.mapping.state.tcp?.via, "UPnP");
  });

  test("leases are renewed at half their time", () => {
    for (const manners of [{}, { pcp: false }, { pcp: false, natPmp: false }]) {
      const world = new RouterWorld(ROUTE_4, manners);
      world.start();
      world.advance(2_000);
      const { tcp } = world.mapping.state;
      const packets = world.heard.length;
      world.advance(HOUR / 2 - 3_000);
      assert.equal(world.heard.length, packets, "nothing is sent before");
      world.advance(3_000);
      assert.ok(world.mapping.state.tcp!.until > tcp!.until);
      assert.equal(world.changes, 2, "TCP and UDP: what is renewed is no news");
      world.advance(20 * HOUR);
      assert.deepEqual(world.open, BOTH);
      assert.equal(world.changes, 2);
    }
  });

  test("a router that was switched off gets everything again", () => {
    for (const manners of [{}, { pcp: false }, { pcp: false, natPmp: false }]) {
      const world = new RouterWorld(ROUTE_4, manners);
      world.start();
      world.advance(HOUR / 4);
      world.reboot();
      world.advance(HOUR / 2);
      assert.deepEqual(world.open, BOTH);
    }
  });

  test("a router that says that it begins anew is asked at once", () => {
    for (const manners of [{}, { pcp: false }]) {
      const world = new RouterWorld(ROUTE_4, manners);
      world.start();
      world.advance(HOUR / 4);
      world.announce();
      world.advance(100);
      const packets = world.heard.length;
      world.reboot();
      world.advance(2_000);
      assert.equal(world.heard.length, packets, "nothing was to be asked before");
      world.announce();
      world.advance(100);
      assert.deepEqual(world.open, BOTH);
    }
  });

  test("a router that is silent for good: the opening ends with its lease, and is sought at growing distances", () => {
    const world = new RouterWorld();
    world.start();
    world.advance(100);
    Object.assign(world.manners, { pcp: false, natPmp: false, upnp: false });
    world.advance(HOUR - 200);
    assert.notEqual(world.mapping.state.tcp, null);
    world.advance(200);
    assert.equal(world.mapping.state.tcp, null);
    assert.equal(world.mapping.state.failure, "silent");
    world.advance(24 * HOUR);
    const before = world.heard.length;
    world.advance(24 * HOUR);
    const perHour = (world.heard.length - before) / 24;
    assert.ok(perHour > 0 && perHour <= 24, `${perHour} packets an hour`);
    Object.assign(world.manners, { pcp: true });
    world.advance(HOUR + 10_000);
    assert.deepEqual(world.open, BOTH);
  });

  test("everything is taken back at the end", () => {
    for (const [route, manners] of [
      [ROUTE_4, {}],
      [ROUTE_4, { pcp: false }],
      [ROUTE_4, { pcp: false, natPmp: false }],
      [ROUTE_6, {}],
      [ROUTE_6, { pcp: false }],
    ] as const) {
      const world = new RouterWorld(route, manners);
      world.start();
      world.advance(5_000);
      assert.equal(world.open.length, 2);
      world.mapping.close(world.now);
      assert.ok(!world.mapping.isClosed);
      world.advance(500);
      assert.deepEqual(world.open, []);
      assert.ok(world.mapping.isClosed);
      world.advance(HOUR);
      assert.deepEqual(world.open, []);
    }
  });

  test("an end before the router has answered leaves nothing open", () => {
    for (const [after, manners] of [
      [0, {}],
      [1, {}],
      [1_004, { pcp: false, natPmp: false }],
      [1_007, { pcp: false, natPmp: false }],
      [1_008, { pcp: false, natPmp: false }],
    ] as const) {
      const world = new RouterWorld(ROUTE_4, manners);
      world.start();
      world.advance(after);
      world.mapping.close(world.now);
      world.advance(2_000);
      assert.deepEqual(world.open, [], `after ${after} ms`);
      assert.ok(world.mapping.isClosed);
    }
  });

  test("a router that does not answer at the end does not keep us", () => {
    const world = new RouterWorld();
    world.start();
    world.advance(100);
    Object.assign(world.manners, { pcp: false, natPmp: false });
    world.mapping.close(world.now);
    world.advance(1_000);
    assert.ok(world.mapping.isClosed);
  });

  test("a taken port: another one, which the router chooses where it can", () => {
    for (const [manners, expected] of [
      [{}, /^PCP 41874$/],
      [{ pcp: false, natPmp: false, igdVersion: 2 }, /^UPnP 50000$/],
      [{ pcp: false, natPmp: false }, /^UPnP (2\d|3[01])\d{3}$/],
    ] as const) {
      const world = new RouterWorld(ROUTE_4, manners);
      world.taken.add(`tcp ${PORT}`);
      world.start();
      world.advance(2_000);
      const { tcp, udp } = world.mapping.state;
      assert.match(`${tcp?.via} ${tcp?.externalPort}`, expected);
      assert.equal(udp?.externalPort, PORT);
      const port = tcp!.externalPort;
      world.advance(HOUR);
      assert.equal(world.mapping.state.tcp?.externalPort, port, "and it is kept");
      world.mapping.close(world.now);
      world.advance(1_000);
      assert.deepEqual(world.open, []);
    }
  });

  test("a router that knows only leases without end", () => {
    const permanent = new RouterWorld(ROUTE_4, { pcp: false, natPmp: false, maxLease: 0 });
    permanent.start();
    permanent.advance(2_000);
    assert.deepEqual(permanent.open, BOTH);
    assert.equal(permanent.mapped.get(BOTH[0]!)?.lease, 0);
    permanent.mapping.close(permanent.now);
    permanent.advance(1_000);
    assert.deepEqual(permanent.open, []);
  });

  test("why it did not work: what can be done most about", () => {
    for (const [manners, failure] of [
      [{ pcp: false, natPmp: false, upnp: false }, "silent"],
      [{ result: 2, upnp: false }, "forbidden"],
      [{ result: 8, upnp: false }, "full"],
      [{ pcp: false, natPmp: false, outside: "0.0.0.0" }, "no-outside"],
      [{ pcp: false, natPmp: false, faults: { AddPortMapping: 606 } }, "forbidden"],
      [{ pcp: false, natPmp: false, faults: { AddPortMapping: 718 } }, "taken"],
      [{ pcp: false, natPmp: false, faults: { AddPortMapping: 501 } }, "unable"],
      [{ result: 7, faults: { AddPortMapping: 728 } }, "no-outside"],
    ] as const) {
      const world = new RouterWorld(ROUTE_4, manners);
      world.start();
      world.advance(8_000);
      assert.equal(world.mapping.state.failure, failure);
      assert.deepEqual(world.open, []);
    }
  });

  test("IPv6: pinholes by PCP, else by UPnP, renewed by their number", () => {
    const pcp = new RouterWorld(ROUTE_6);
    pcp.start();
    pcp.advance(100);
    assert.equal(pcp.mapping.state.tcp?.externalHost, ROUTE_6.local);
    const upnp = new RouterWorld(ROUTE_6, { pcp: false });
    upnp.start();
    upnp.advance(2_000);
    assert.deepEqual(upnp.open, ["pinhole 1", "pinhole 2"]);
    assert.equal(upnp.mapping.state.tcp?.externalHost, ROUTE_6.local);
    upnp.advance(HOUR);
    assert.deepEqual(upnp.open, ["pinhole 1", "pinhole 2"]);
    upnp.reboot();
    upnp.advance(HOUR);
    assert.deepEqual(upnp.open, ["pinhole 3", "pinhole 4"]);
  });

  test("only our own router is asked, and only at its own address", () => {
    for (const location of [
      "http://192.168.1.2/d.xml",
      "http://192.168.1.1@6.6.6.6/d.xml",
      "http://user:pass@192.168.1.1/d.xml",
      "https://192.168.1.1/d.xml",
      "http://router/d.xml",
      "http://127.0.0.1:8080/d.xml",
      `http://192.168.1.1/${"a".repeat(600)}`,
      "file:///etc/passwd",
      "",
    ]) {
      const world = new RouterWorld(ROUTE_4, { pcp: false, natPmp: false, location });
      world.start();
      world.advance(6_000);
      assert.ok(!world.heard.some((what) => what.startsWith("get")), location);
    }
    const stranger = new RouterWorld(ROUTE_4, { upnp: false, pcp: false, natPmp: false });
    stranger.start();
    const answer = utf8(
      "HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: http://192.168.1.66/d.xml\r\n\r\n",
    );
    stranger.mapping.onSearchAnswer(answer, "192.168.1.66", stranger.now);
    stranger.advance(6_000);
    assert.ok(!stranger.heard.some((what) => what.startsWith("get")));
  });
});
