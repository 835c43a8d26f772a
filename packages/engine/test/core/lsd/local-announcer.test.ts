import assert from "node:assert/strict";
import { test } from "node:test";
import { Xoshiro128 } from "../../../dist/base/rng.js";
import { LocalAnnouncer, LocalTorrent } from "../../../dist/core/lsd/local-announcer.js";

const MINUTE = 60_000;
const one = (): number => 1;

class Named extends LocalTorrent {
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }
}

interface Sent {
  readonly at: number;
  readonly items: readonly string[];
}

/** Everything that is sent up to `until`, woken only when the announcer asks for it. */
function run(announcer: LocalAnnouncer<Named>, from: number, until: number, capacity = 25): Sent[] {
  const sent: Sent[] = [];
  let now = from;
  for (;;) {
    for (let items = announcer.next(capacity, one, now); items !== null;) {
      sent.push({ at: now, items: items.map(({ name }) => name) });
      items = announcer.next(capacity, one, now);
    }
    const next = announcer.nextDeadline(now);
    assert.ok(next > now, `asks at ${now} to be woken at ${next}`);
    if (next > until) return sent;
    now = next;
  }
}

test("torrents that begin together share a packet, and come again after a minute, then every five", () => {
  const announcer = new LocalAnnouncer<Named>(new Xoshiro128(1), 0);
  announcer.add(new Named("a"), false, 10);
  announcer.add(new Named("b"), false, 150);
  const [first, ...later] = run(announcer, 150, 21 * MINUTE);
  assert.deepEqual([first!.items.toSorted(), first!.at <= 210], [["a", "b"], true]);
  const timesOfA = [first!, ...later].filter(({ items }) => items.includes("a")).map(({ at }) => at);
  assert.equal(timesOfA.length, 5);
  const again = timesOfA[1]! - timesOfA[0]!;
  assert.ok(again >= MINUTE && again <= 1.2 * MINUTE, `${again} ms`);
  for (let i = 2; i < timesOfA.length; i++) {
    const between = timesOfA[i]! - timesOfA[i - 1]!;
    assert.ok(between >= 5 * MINUTE && between <= 5.3 * MINUTE, `${between} ms`);
  }
});

test("a reason to hurry, however often it comes, announces at most once a minute", () => {
  const announcer = new LocalAnnouncer<Named>(new Xoshiro128(2), 0);
  const torrent = new Named("a");
  announcer.add(torrent, false, 0);
  const sent: Sent[] = [];
  for (let now = 0; now < 10 * MINUTE; now += 500) {
    announcer.soon(torrent, now);
    announcer.onAsked(torrent, now);
    sent.push(...run(announcer, now, now + 400));
  }
  assert.equal(sent.length, 10);
  for (let i = 1; i < sent.length; i++) assert.ok(sent[i]!.at - sent[i - 1]!.at >= MINUTE);
});

test("whoever asks is answered within two seconds", () => {
  const announcer = new LocalAnnouncer<Named>(new Xoshiro128(3), 0);
  const torrent = new Named("a");
  announcer.add(torrent, false, 0);
  run(announcer, 0, 4 * MINUTE);
  announcer.onAsked(torrent, 4 * MINUTE);
  const [answer] = run(announcer, 4 * MINUTE, 5 * MINUTE);
  assert.ok(answer!.at <= 4 * MINUTE + 2_100);
});

test("ten thousand that are begun gently are spread, and none is left out", () => {
  const announcer = new LocalAnnouncer<Named>(new Xoshiro128(4), 0);
  for (let i = 0; i < 10_000; i++) announcer.add(new Named(String(i)), true, 0);
  const sent = run(announcer, 0, 10 * MINUTE);
  assert.equal(new Set(sent.flatMap(({ items }) => items)).size, 10_000);
  for (let i = 34; i < sent.length; i++) {
    assert.ok(sent[i]!.at - sent[i - 34]!.at >= 30_000, "more than one packet a second");
  }
});

test("what is removed is not announced, be it due or not; with nothing left there is no deadline", () => {
  const announcer = new LocalAnnouncer<Named>(new Xoshiro128(5), 0);
  const due = new Named("a");
  announcer.add(due, false, 0);
  const later = new Named("b");
  announcer.add(later, true, 0);
  announcer.next(0, one, 200);
  announcer.remove(due);
  announcer.remove(later);
  assert.equal(announcer.next(25, one, 10 * MINUTE), null);
  assert.equal(announcer.nextDeadline(10 * MINUTE), Infinity);
});
