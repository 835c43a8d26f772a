import assert from "node:assert/strict";
import { test } from "node:test";
import { leastUseful, type Usefulness } from "../../../dist/core/swarm/least-useful.js";

const peer = (name: string, use: Partial<Usefulness>): { name: string; usefulness(): Usefulness } => ({
  name,
  usefulness: () => ({ isNamed: false, rate: 0, isInterested: false, openedAt: 0, ...use }),
});
const PEERS = [
  peer("fast", { rate: 1_000_000 }),
  peer("slow", { rate: 1_000 }),
  peer("hopeful", { isInterested: true }),
  peer("friend", { isNamed: true }),
  peer("old", { openedAt: 1 }),
  peer("new", { openedAt: 2 }),
];

test("leastUseful gives up those with whom nothing goes on before slow ones, and the youngest of equals", () => {
  const order = leastUseful(PEERS, 6).map(({ name }) => name);
  assert.deepEqual(order, ["new", "old", "friend", "hopeful", "slow", "fast"]);
});

test("leastUseful gives up nobody when there is room", () => {
  assert.deepEqual(leastUseful(PEERS, 0), []);
  assert.deepEqual(leastUseful(PEERS, -3), []);
});
