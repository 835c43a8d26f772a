import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ShoalError } from "../../dist/base/errors.js";
import { filesError } from "../../dist/core/disk-trouble.js";
import { DiskHealth, MAX_TRIES, roomFor } from "../../dist/core/disk-health.js";

const full = (): ShoalError =>
  new ShoalError("ERR_NO_SPACE", "no space left", { path: "/d/f", reason: "ENOSPC" });
const failure = (reason: string): ShoalError =>
  new ShoalError("ERR_DISK", `can't write "/d/f": ${reason}`, { path: "/d/f", reason });
const space = (needed: number, free: number) => ({ path: "/d", needed, free, kept: 0 });

/** What is due when the machine's deadline has come. */
function due(health: DiskHealth): { now: number; action: ReturnType<DiskHealth["next"]> } {
  const now = health.nextDeadline();
  assert.ok(now < Infinity, "nothing will ever be due");
  assert.equal(health.next(now - 1), null);
  return { now, action: health.next(now) };
}

describe("DiskHealth", () => {
  test("a full disk is measured at once, then at growing distances, and writing goes on when there is room", () => {
    const health = new DiskHealth();
    assert.equal(health.onError(full(), 100), "hold");
    assert.equal(health.onError(full(), 100), null, "other writes under way fail as well");
    assert.ok(!health.mayWrite && health.isNews);
    assert.deepEqual(due(health), { now: 100, action: "measure" });
    assert.equal(health.nextDeadline(), Infinity, "until the answer is there");
    const waits: number[] = [];
    let now = 100;
    for (let i = 0; i < 8; i++) {
      assert.equal(health.onSpace(space(5e6, 5e6), now), false);
      const next = due(health);
      waits.push(next.now - now);
      now = next.now;
    }
    assert.deepEqual(health.trouble, { kind: "full", space: space(5e6, 5e6) });
    assert.ok(waits.every((wait) => wait <= 60_000));
    assert.ok(waits[0]! <= 2_000 && waits.at(-1) === 60_000, waits.join());
    assert.equal(health.onSpace(space(5e6, roomFor(5e6)), now), true);
    assert.ok(health.mayWrite && health.isTrying);
    assert.equal(health.trouble, null);
    health.onWritten();
    assert.ok(!health.isTrying);
  });

  test("where room is promised and not given, as with quotas, tries become rare until a piece is verified", () => {
    const health = new DiskHealth();
    let now = 0;
    let tries = 0;
    while (now < 600_000) {
      if (health.mayWrite) {
        tries++;
        assert.equal(health.onError(full(), now), "hold");
      }
      now = due(health).now;
      health.onSpace(space(1, 1e12), now);
    }
    assert.ok(tries >= 10 && tries <= 18, `${tries} tries in ten minutes`);
    health.onWritten();
    health.onVerified();
    assert.equal(health.onError(full(), now), "hold");
    assert.ok(health.isNews);
  });

  test("what may pass is tried again a few times, then the torrent is stopped for good", () => {
    const health = new DiskHealth();
    let now = 0;
    for (let i = 1; i < MAX_TRIES; i++) {
      assert.equal(health.onError(failure("EIO"), now), "hold");
      assert.equal(health.trouble?.kind, "error");
      const next = due(health);
      assert.equal(next.action, "go-on");
      assert.equal(next.now - now, 1_000 * 2 ** (i - 1));
      ({ now } = next);
      health.onWritten();
    }
    assert.equal(health.onError(failure("EIO"), now), "fail");
    assert.deepEqual(health.trouble, { kind: "error", message: 'can\'t write "/d/f": EIO', retrying: false });
    assert.equal(health.nextDeadline(), Infinity);
    health.onRestart();
    assert.ok(health.mayWrite);
  });

  for (const reason of ["EROFS", "EACCES", "ENOTDIR"]) {
    test(`${reason} stops the torrent at once, and is looked at until it is gone`, () => {
      const health = new DiskHealth();
      health.onError(full(), 0);
      assert.equal(health.onError(failure(reason), 0), "fail", "also while it waits for room");
      const { now, action } = due(health);
      assert.equal(action, "look");
      health.onLooked(false, now);
      assert.equal(due(health).action, "look");
      health.onLooked(true, now);
      assert.equal(health.nextDeadline(), Infinity);
      health.onRestart();
      assert.equal(health.trouble, null);
    });
  }

  test("files that are missing are looked for; what only a person can mend is not looked at", () => {
    const health = new DiskHealth();
    health.onStopped(filesError({ kind: "missing", path: "a", files: 3 }, "/d"), 0);
    assert.deepEqual(health.trouble, { kind: "missing", path: "/d/a", files: 3 });
    assert.equal(health.error?.message, "/d/a and 2 more files are missing");
    assert.equal(due(health).action, "look");
    const other = new DiskHealth();
    assert.equal(other.onError(new ShoalError("ERR_PATH", "leads out", { path: "a" }), 0), "fail");
    assert.equal(other.nextDeadline(), Infinity);
  });

  test("property: whatever happens, it is well again once the disk is, and polls are at least a second apart on average", () => {
    const events = fc.array(
      fc.oneof(
        fc.record({ is: fc.constant("error" as const), reason: fc.constantFrom("ENOSPC", "EIO", "EROFS") }),
        fc.record({ is: fc.constant("written" as const) }),
        fc.record({ is: fc.constant("verified" as const) }),
        fc.record({ is: fc.constant("time" as const), ms: fc.integer({ min: 0, max: 100_000 }) }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(events, (list) => {
        const health = new DiskHealth();
        let now = 0;
        let polls = 0;
        let errors = 0;
        const proceed = (isWell: boolean): void => {
          const action = health.next(now);
          if (action === null) return;
          polls++;
          if (action === "measure" && health.onSpace(space(10, isWell ? 1e9 : 5), now)) {
            if (health.hasFailed) health.onRestart();
          }
          if (action === "look") {
            health.onLooked(isWell, now);
            if (isWell) health.onRestart();
          }
        };
        for (const event of list) {
          if (event.is === "error") {
            errors++;
            health.onError(event.reason === "ENOSPC" ? full() : failure(event.reason), now);
          } else if (event.is === "written") health.onWritten();
          else if (event.is === "verified") health.onVerified();
          else {
            const until = now + event.ms;
            while (health.nextDeadline() <= until) {
              now = Math.max(now, health.nextDeadline());
              proceed(false);
            }
            now = until;
          }
        }
        assert.ok(polls <= now / 1_000 + errors + 1, `${polls} polls in ${now} ms`);
        const until = now + 180_000;
        while (!health.mayWrite && health.nextDeadline() <= until) {
          now = Math.max(now, health.nextDeadline());
          proceed(true);
        }
        // Only what a person must mend stays: a disk that kept failing.
        if (!health.mayWrite) {
          assert.equal(health.error?.details["reason"], "EIO");
          health.onRestart();
        }
        health.onWritten();
        health.onVerified();
        assert.equal(health.trouble, null);
        assert.equal(health.nextDeadline(), Infinity);
        assert.equal(health.error, null);
      }),
    );
  });
});
