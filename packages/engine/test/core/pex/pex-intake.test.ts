import assert from "node:assert/strict";
import { test } from "node:test";
import { mayTell } from "../../../dist/base/address.js";
import { PexIntake } from "../../../dist/core/pex/pex-intake.js";
import { PEX_SEED, type PexMessage } from "../../../dist/wire/pex.js";

const FROM = "198.51.100.1";
const MINUTE = 60_000;

function naming(...hosts: string[]): PexMessage {
  return { added: hosts.map((host) => ({ host, port: 6881, flags: 0 })), dropped: [] };
}

function many(count: number, second: number): PexMessage {
  return naming(...Array.from({ length: count }, (_, i) => `203.${second}.${i >> 8}.${i & 255}`));
}

test("a message a minute is taken; of who sends them without end nothing more is", () => {
  const intake = new PexIntake(0);
  let taken = 0;
  for (let now = 0; now < 10 * MINUTE; now += MINUTE)
    taken += intake.take(many(1, 0), FROM, false, now).length;
  assert.equal(taken, 10);
  for (let i = 0; i < 30; i++) taken += intake.take(many(1, i), FROM, false, 10 * MINUTE).length;
  assert.ok(taken <= 13);
  assert.equal(intake.take(many(1, 0), FROM, false, 99 * MINUTE).length, 0);
});

test("a flood of contacts is cut to what one peer may name", () => {
  const intake = new PexIntake(0);
  assert.equal(intake.take(many(5_000, 0), FROM, false, 0).length, 200);
  assert.equal(intake.take(many(5_000, 1), FROM, false, MINUTE).length, 60);
});

test("seeds are of no use to a seed", () => {
  const message = { added: [{ host: "203.0.113.1", port: 1, flags: PEX_SEED }], dropped: [] };
  assert.equal(new PexIntake(0).take(message, FROM, true, 0).length, 0);
  assert.equal(new PexIntake(0).take(message, FROM, false, 0).length, 1);
});

test("many ports of one address count once, except on loopback", () => {
  const on = (host: string): PexMessage => ({
    added: [1, 2, 3].map((port) => ({ host, port, flags: 0 })),
    dropped: [],
  });
  assert.equal(new PexIntake(0).take(on("203.0.113.1"), FROM, false, 0).length, 1);
  assert.equal(new PexIntake(0).take(on("127.0.0.1"), "127.0.0.1", false, 0).length, 3);
});

test("what is near somebody means nothing to those who are not", () => {
  const places = { loopback: "127.0.0.1", near: "192.168.1.2", far: "203.0.113.1" };
  const believed = Object.entries(places).flatMap(([what, host]) =>
    Object.entries(places)
      .filter(([, from]) => mayTell(host, from))
      .map(([from]) => `${what} from ${from}`),
  );
  assert.deepEqual(believed, [
    "loopback from loopback",
    "near from loopback",
    "near from near",
    "far from loopback",
    "far from near",
    "far from far",
  ]);
});
