import assert from "node:assert/strict";
import test from "node:test";

import { Closing } from "../dist/closing.js";

function named(name: string, told: string[]): { close(): Promise<void> } {
  return {
    close: async () => {
      await Promise.resolve();
      told.push(name);
    },
  };
}

test("what was opened last is closed first, one after another; a listener right after what it listens to", async () => {
  const told: string[] = [];
  const closing = new Closing();
  closing.add(named("database", told));
  const session = closing.add(named("session", told));
  closing.add(() => void told.push("limits"));
  closing.addListener(session, named("ledger", told));
  closing.add(named("live", told));
  await closing.close();
  assert.deepEqual(told, ["live", "limits", "session", "ledger", "database"]);
  await closing.close();
  assert.equal(told.length, 5, "each once");
});

test("what can't be closed keeps nothing else open, and is told", async () => {
  const told: string[] = [];
  const closing = new Closing();
  closing.add(named("lock", told));
  closing.add(() => Promise.reject(new Error("the disk is gone")));
  closing.add(() => {
    throw new Error("first");
  });
  await assert.rejects(closing.close(), { message: "first" });
  assert.deepEqual(told, ["lock"]);
  assert.throws(() => closing.addListener(named("other", told), () => {}), RangeError);
});
