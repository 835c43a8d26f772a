import assert from "node:assert/strict";
import { test } from "node:test";
import { HostSlots } from "../../dist/session/host-slots.js";

test("a bounded number at a time for each host, the others in order, failures included", async () => {
  const slots = new HostSlots(2);
  const log: string[] = [];
  const finish: (() => void)[] = [];
  const task =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      log.push(name);
      await new Promise<void>((resolve) => finish.push(resolve));
      if (fails) throw new Error(name);
      return name;
    };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const runs = [
    slots.run("a", task("a1", true)),
    slots.run("a", task("a2")),
    slots.run("a", task("a3")),
    slots.run("a", task("a4")),
    slots.run("b", task("b1")),
  ];
  const outcome = Promise.allSettled(runs);
  await settle();
  assert.deepEqual(log, ["a1", "a2", "b1"]);
  finish[0]!();
  await settle();
  assert.deepEqual(log, ["a1", "a2", "b1", "a3"]);
  while (log.length < 5 || finish.length < 5) {
    for (const one of finish) one();
    await settle();
  }
  for (const one of finish) one();
  assert.deepEqual(
    (await outcome).map((result) => (result.status === "fulfilled" ? result.value : "failed")),
    ["failed", "a2", "a3", "a4", "b1"],
  );
});
