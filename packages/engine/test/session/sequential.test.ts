import assert from "node:assert/strict";
import { test } from "node:test";
import { IDEAL_LINK, SimulatedWorld } from "@shoal/sim";
import type { TorrentEvent } from "../../dist/session/events.js";
import { serves } from "./hardening-tools.ts";

const PIECE = 131_072;
const PIECES = 160;

/** Bytes from the start without a gap, each time a piece was verified, and the longest wait for more of them. */
async function play(sequential: boolean): Promise<{ longestMs: number; totalMs: number }> {
  const world = new SimulatedWorld({ seed: 5 });
  const made = await world.make({ film: PIECES * PIECE }, { kind: "v1", pieceLength: PIECE });
  const leech = await world.node();
  const link = (up: number): typeof IDEAL_LINK => ({ ...IDEAL_LINK, up, latencyMs: 20 });
  const ups = [1_000_000, 1_000_000, 8_000, 8_000];
  const peers = await Promise.all(
    ups.map((up) => world.listen(made, {}, (peer) => serves(peer, made), link(up))),
  );
  const done = new Set<number>();
  let front = 0;
  let frontAt = 0;
  let longestMs = 0;
  const torrent = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers,
    sequential,
    listener: (event: TorrentEvent) => {
      if (event.type !== "piece") return;
      done.add(event.piece);
      if (frontAt === 0) frontAt = world.now();
      if (!done.has(front)) return;
      longestMs = Math.max(longestMs, world.now() - frontAt);
      frontAt = world.now();
      while (done.has(front)) front++;
    },
  });
  const began = world.now();
  await world.until("a seed", () => torrent.state === "seeding", 120_000);
  return { longestMs, totalMs: world.now() - began };
}

test("in sequential mode the front does not wait for slow peers", async () => {
  const inOrder = await play(true);
  assert.ok(inOrder.longestMs < 5_000, `the front stood still for ${inOrder.longestMs} ms`);
  const rarest = await play(false);
  assert.ok(
    inOrder.totalMs < 1.25 * rarest.totalMs,
    `${inOrder.totalMs} ms in order, ${rarest.totalMs} ms rarest first`,
  );
});
