import assert from "node:assert/strict";
import { test } from "node:test";
import { SharingTimes } from "../../dist/goals/sharing-times.js";
import type { TorrentState } from "@shoal/engine";
import type { Transfer } from "../../dist/transfer.js";

interface Fake {
  readonly torrent: { state: TorrentState; movedBytes: number };
}

function fake(): Omit<Transfer, "torrent"> & Fake & Transfer {
  return {
    torrent: { state: "downloading", movedBytes: 0 },
    record: { sharingMs: 0, downloadingMs: 0, activeAt: null },
  } as Omit<Transfer, "torrent"> & Fake & Transfer;
}

test("times count only while it really shares or fetches", () => {
  let now = 1_000_000;
  const times = new SharingTimes(() => now);
  const transfer = fake();
  const go = (state: TorrentState, ms: number): void => {
    transfer.torrent.state = state;
    times.onState(transfer);
    now += ms;
  };
  go("downloading", 1_000);
  go("checking", 500);
  go("seeding", 3_000);
  go("paused", 700);
  go("queued", 700);
  go("finished", 2_000);
  times.count(transfer);
  assert.deepEqual([transfer.record.downloadingMs, transfer.record.sharingMs], [1_000, 5_000]);
  times.count(transfer);
  assert.equal(transfer.record.sharingMs, 5_000, "nothing counts twice");
});

test("idle is how long nothing has moved while it was shared", () => {
  let now = 1_000_000;
  const times = new SharingTimes(() => now);
  const transfer = fake();
  transfer.torrent.state = "seeding";
  times.onState(transfer);
  now += 5_000;
  assert.equal(times.look(transfer), false);
  assert.equal(times.idleMs(transfer), 5_000);
  transfer.torrent.movedBytes = 16_384;
  assert.equal(times.look(transfer), true);
  assert.equal(transfer.record.activeAt, new Date(now).toISOString());
  assert.equal(times.idleMs(transfer), 0);
  now += 2_000;
  transfer.torrent.state = "paused";
  times.onState(transfer);
  assert.equal(times.idleMs(transfer), 0);
});

test("a clock that goes back takes nothing away", () => {
  let now = 1_000_000;
  const times = new SharingTimes(() => now);
  const transfer = fake();
  times.onState(transfer);
  now -= 500_000;
  times.count(transfer);
  now += 1_000;
  times.count(transfer);
  assert.equal(transfer.record.downloadingMs, 1_000);
});
