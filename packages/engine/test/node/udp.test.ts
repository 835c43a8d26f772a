import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { NetPolicy } from "../../dist/node/net-policy.js";
import { NodeUdp } from "../../dist/node/udp.js";
import type { Endpoint } from "../../dist/ports/net.js";

test("datagrams go both ways; what arrives may be kept", async (t) => {
  const echo = createSocket("udp4");
  echo.on("message", (bytes, from) =>
    echo.send(Buffer.concat([bytes, Buffer.from("!")]), from.port, from.address),
  );
  echo.bind(0, "127.0.0.1");
  t.after(() => echo.close());
  await once(echo, "listening");
  const received: [Uint8Array, Endpoint][] = [];
  let wake = (): void => {};
  const socket = await new NodeUdp(new NetPolicy({ loopbackOnly: true })).open(
    { family: 4, port: 0 },
    (bytes, from) => {
      received.push([bytes, from]);
      wake();
    },
  );
  t.after(() => socket.close());
  const to = { host: "127.0.0.1", port: echo.address().port };
  for (const text of ["a", "b"]) {
    const arrival = new Promise<void>((resolve) => (wake = resolve));
    socket.send(new TextEncoder().encode(text), to);
    await arrival;
  }
  assert.deepEqual(
    received.map(([bytes, from]) => [bytes.constructor, new TextDecoder().decode(bytes), from]),
    [
      [Uint8Array, "a!", to],
      [Uint8Array, "b!", to],
    ],
  );
});

test("nothing is sent that the policy refuses, and nothing after close; neither fails", async () => {
  const socket = await new NodeUdp(new NetPolicy({ loopbackOnly: true })).open(
    { family: 4, port: 0 },
    () => {},
  );
  socket.send(Uint8Array.of(1), { host: "192.0.2.1", port: 9 });
  socket.send(Uint8Array.of(1), { host: "::1", port: 9 });
  socket.send(Uint8Array.of(1), { host: "127.0.0.1", port: 1 });
  await new Promise((resolve) => setImmediate(resolve));
  socket.close();
  socket.close();
  socket.send(Uint8Array.of(1), { host: "127.0.0.1", port: 9 });
});

test("a bound address has one family", async () => {
  const udp = new NodeUdp(new NetPolicy({ bindHost: "127.0.0.1" }));
  await assert.rejects(
    udp.open({ family: 6, port: 0 }, () => {}),
    { code: "ERR_LISTEN", message: "127.0.0.1 has no IPv6" },
  );
  (await udp.open({ family: 4, port: 0 }, () => {})).close();
  await assert.rejects(
    new NodeUdp(new NetPolicy({ bindHost: "192.0.2.1" })).open({ family: 4, port: 0 }, () => {}),
    { code: "ERR_LISTEN" },
  );
});
