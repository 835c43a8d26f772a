import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "@shoal/sim";
import { ShoalError } from "../../dist/base/errors.js";
import type { Endpoint } from "../../dist/ports/net.js";
import type { Udp, UdpSpec } from "../../dist/ports/udp.js";
import { PeerSockets } from "../../dist/session/peer-sockets.js";

const FROM = { host: "203.0.113.1", port: 1 };

/** A machine on which some ports are taken and some families missing. */
class Machine implements Udp {
  readonly taken: Set<number> = new Set();
  readonly families: Set<4 | 6> = new Set([4, 6]);
  readonly open_: Map<4 | 6, (bytes: Uint8Array, from: Endpoint) => void> = new Map();
  readonly sent: string[] = [];
  readonly closed: number[] = [];

  open(
    { family, port }: UdpSpec,
    onPacket: (bytes: Uint8Array, from: Endpoint) => void,
  ): Promise<never> | ReturnType<Udp["open"]> {
    if (!this.families.has(family)) return Promise.reject(new ShoalError("ERR_LISTEN", "No such family"));
    if (this.taken.has(port)) return Promise.reject(new ShoalError("ERR_PORT_IN_USE", "Taken"));
    this.open_.set(family, onPacket);
    return Promise.resolve({
      endpoint: { host: family === 4 ? "0.0.0.0" : "::", port: port === 0 ? 50_000 + family : port },
      send: (bytes, to) => void this.sent.push(`${family} ${bytes.join()} ${to.host}`),
      close: () => void this.closed.push(family),
    });
  }
}

test("PeerSockets has one socket for each family on the preferred port, or another one where it is taken", async () => {
  const machine = new Machine();
  const sockets = new PeerSockets(machine, silentLog);
  await sockets.open(6000);
  assert.deepEqual([sockets.port(4), sockets.port(6)], [6000, 6000]);
  sockets.send(Uint8Array.of(1), { host: "203.0.113.1", port: 5 });
  sockets.send(Uint8Array.of(2), { host: "2001:db8::1", port: 5 });
  assert.deepEqual(machine.sent, ["4 1 203.0.113.1", "6 2 2001:db8::1"]);
  sockets.close();
  assert.deepEqual(new Set(machine.closed), new Set([4, 6]));

  const busy = new Machine();
  busy.taken.add(6000);
  const others = new PeerSockets(busy, silentLog);
  await others.open(6000);
  assert.deepEqual([others.port(4), others.port(6)], [50_004, 50_006]);
});

test("PeerSockets does without a family that is missing, and has it when it comes", async () => {
  const machine = new Machine();
  machine.families.delete(6);
  const sockets = new PeerSockets(machine, silentLog);
  await sockets.open(6000);
  assert.deepEqual([sockets.port(4), sockets.port(6)], [6000, 0]);
  sockets.send(Uint8Array.of(2), { host: "2001:db8::1", port: 5 });
  machine.families.add(6);
  await sockets.reopen();
  assert.deepEqual([sockets.port(4), sockets.port(6)], [6000, 6000]);
  assert.deepEqual(machine.sent, []);
});

test("PeerSockets hands datagrams to whoever owns their first byte, and drops the others", async () => {
  const machine = new Machine();
  const sockets = new PeerSockets(machine, silentLog);
  const heard: string[] = [];
  for (const byte of [0x64, 0x11])
    sockets.register({
      owns: (first) => first === byte,
      onDatagram: (bytes) => void heard.push(`${byte} ${bytes.length}`),
    });
  await sockets.open(6000);
  const arrive = machine.open_.get(4)!;
  for (const bytes of [[0x64, 1], [0x11], [], [7, 7, 7]]) arrive(Uint8Array.from(bytes), FROM);
  assert.deepEqual(heard, ["100 2", "17 1"]);
  sockets.close();
  arrive(Uint8Array.of(0x64), FROM);
  assert.equal(heard.length, 2);
});
