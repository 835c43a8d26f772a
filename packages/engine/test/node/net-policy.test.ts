import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { IpFilter } from "../../dist/base/ip-filter.js";
import { IpRangesBuilder } from "../../dist/base/ip-ranges.js";
import { NodeHttp } from "../../dist/node/http.js";
import { NetPolicy } from "../../dist/node/net-policy.js";

test("without limits every address may be talked to", () => {
  const policy = new NetPolicy();
  assert.equal(policy.loopbackOnly, false);
  for (const host of ["8.8.8.8", "127.0.0.1", "::1", "2001:db8::1"]) assert.equal(policy.refusal(host), null);
});

test("kept to the machine, only its loopback interface may be talked to", () => {
  const policy = new NetPolicy({ loopbackOnly: true });
  for (const host of ["127.0.0.1", "127.8.8.8", "::1"]) assert.equal(policy.refusal(host), null);
  for (const host of ["8.8.8.8", "10.255.255.1", "192.168.1.1", "fe80::1", "0.0.0.0"]) {
    assert.match(policy.refusal(host)!, /is not on this machine/);
  }
});

test("bound to loopback means kept to the machine; bound to all addresses does not", () => {
  assert.equal(new NetPolicy({ bindHost: "127.0.0.1" }).loopbackOnly, true);
  assert.equal(new NetPolicy({ bindHost: "localhost" }).loopbackOnly, true);
  assert.equal(new NetPolicy({ bindHost: "::1" }).loopbackOnly, true);
  for (const bindHost of ["0.0.0.0", "::"]) {
    const policy = new NetPolicy({ bindHost });
    assert.deepEqual([policy.loopbackOnly, policy.bindHost], [false, null]);
  }
  assert.equal(new NetPolicy({ bindHost: "192.0.2.7" }).loopbackOnly, false);
});

test("a bound address reaches only its own family", () => {
  const policy = new NetPolicy({ bindHost: "192.0.2.7" });
  assert.equal(policy.refusal("2001:db8::1"), "2001:db8::1 can't be reached from 192.0.2.7");
});

test("an address that this machine does not have is waited for, and so is an interface", () => {
  for (const [bindHost, reason] of [
    ["203.0.113.253", "waits for address 203.0.113.253, which this machine does not have now"],
    ["no-such-if0", "waits for interface no-such-if0"],
  ] as const) {
    const policy = new NetPolicy({ bindHost });
    assert.deepEqual([policy.isBound, policy.loopbackOnly], [true, false]);
    assert.equal(policy.obstacle, reason);
    assert.equal(policy.refusal("8.8.8.8"), reason);
    assert.equal(policy.refusal("127.0.0.1"), null, "what stays here needs no interface");
    assert.deepEqual(policy.bindingTo("127.0.0.1"), { address: null, device: null });
  }
});

test("an address in brackets is one; what can be neither address nor interface is refused", () => {
  assert.equal(new NetPolicy({ bindHost: "[::1]" }).bindHost, "::1");
  for (const bindHost of ["1.2.3", "1.2.3.4.5", ""]) {
    assert.throws(() => new NetPolicy({ bindHost }), {
      code: "ERR_INVALID_ARGUMENT",
      message: `${bindHost} is neither an address nor the name of a network interface`,
    });
  }
});

test("the name of the loopback interface keeps everything on this machine", () => {
  const [loopback] = Object.entries(networkInterfaces()).find(([, all]) =>
    all?.some(({ internal }) => internal),
  )!;
  const policy = new NetPolicy({ bindHost: loopback });
  assert.deepEqual([policy.isBound, policy.loopbackOnly, policy.listenHost], [false, true, null]);
});

test("what the IP filter blocks is refused, to trackers and web seeds as to all others, until the list is another one", async () => {
  const builder = new IpRangesBuilder();
  builder.add(Uint8Array.of(127, 0, 0, 8), Uint8Array.of(127, 0, 0, 9));
  const ipFilter = new IpFilter(builder.build());
  const policy = new NetPolicy({ loopbackOnly: true, ipFilter });
  assert.equal(policy.refusal("127.0.0.9"), "127.0.0.9 is blocked by the IP filter");
  assert.equal(policy.refusal("127.0.0.1"), null);
  assert.equal(
    policy.refusalOfServer("127.0.0.9"),
    null,
    "lists of peers say nothing of name servers and proxies",
  );
  const http = new NodeHttp(policy);
  await assert.rejects(http.get("http://127.0.0.9:1/announce", { timeoutMs: 5000, maxBytes: 1 }), {
    code: "ERR_HTTP",
    message: "127.0.0.9 is blocked by the IP filter",
  });
  http.close();
  ipFilter.replace(null);
  assert.equal(policy.refusal("127.0.0.9"), null);
});
