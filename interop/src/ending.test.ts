// Ctrl-C ends a command soon, whatever it waits for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NameServer, Shoal, TwoWays, lacks, openStage, writePayload } from "@shoal/testkit";
import { TIMEOUT_MS } from "./scene.ts";

const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks("namespaces", "nft") };
/** A tracker has three seconds for a good-bye. The system's resolver takes at least ten to give up. */
const SOON_MS = 8_000;

test("a name server that does not answer keeps nobody", OPTIONS, async (t) => {
  const ways = TwoWays.open(t);
  const far = openStage(t, { on: ways.far });
  const us = openStage(t, { on: ways.us });
  const names = await NameServer.start(far, "10.50.0.1");
  ways.useNameServer("10.50.0.1");
  const payload = await writePayload(us.folder("data"), { name: "small", seed: 7, size: 1024 });
  const trackers = ["--tracker", "http://one.test/announce", "--tracker", "udp://two.test:80/announce"];
  const words = ["send", payload.path, "--host", "0.0.0.0", ...trackers];
  const ours = Shoal.start(us, words, us.folder("state"), { SHOAL_OFFLINE: "0" });
  await names.untilAsked("one.test");
  const asked = performance.now();
  await ours.interrupt();
  const passed = performance.now() - asked;
  assert.ok(passed < SOON_MS, `it took ${Math.round(passed)} ms`);
});
