import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionScene } from "./session-scene.js";

const SIZE = 3_000_000;
const RATE = 2_000_000;
/** What may be saved up before anything moves. */
const BURST = 0.2 * RATE;
const OPTIONS = { kind: "v1", pieceLength: 65_536 } as const;

/** It can take longer on a busy machine, and never less. */
function assertLimited(startedAt: number, bytes: number): void {
  const seconds = (performance.now() - startedAt) / 1000;
  const most = RATE * seconds + BURST;
  assert.ok(bytes <= most, `${bytes} bytes in ${seconds} s, at most ${most}`);
}

for (const obfuscation of ["off", "require"] as const) {
  test(`speed limits hold over connections with obfuscation ${obfuscation}, down and up`, async (t) => {
    const scene = new SessionScene(t);
    const made = await scene.payload({ name: "file", size: SIZE, seed: 1 }, OPTIONS);
    // Who has it already must not give it to the other one.
    const [seed] = await scene.seed(made, { obfuscation, pex: false });
    const add = { metainfo: made.metainfo, peers: [seed.endpoint!] };
    const limited = await scene.session({ obfuscation, limits: { down: RATE, up: null } });
    let startedAt = performance.now();
    const slow = await scene.add(limited, { ...add, downloadDir: scene.folder("slow") });
    await slow.until("complete");
    assertLimited(startedAt, SIZE);
    seed.limits.setSpeeds({ up: RATE });
    const unlimited = await scene.session({ obfuscation });
    startedAt = performance.now();
    const given = await scene.add(unlimited, {
      ...add,
      downloadDir: scene.folder("given"),
      // Only to show that its own limit, which is higher, changes nothing.
      limits: { down: 10 * RATE },
    });
    await given.until("complete");
    assertLimited(startedAt, SIZE);
  });
}

test("a limit that is set in the middle of a fast download slows it down, and one that is taken away does so no more", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload({ name: "file", size: 60_000_000, seed: 2 }, OPTIONS);
  const [seed] = await scene.seed(made);
  const session = await scene.session();
  const got = await scene.add(session, {
    metainfo: made.metainfo,
    peers: [seed.endpoint!],
    downloadDir: scene.folder("out"),
  });
  await got.until("piece");
  got.torrent.setLimits({ down: RATE });
  const startedAt = performance.now();
  const before = got.torrent.stats().downloaded;
  // What is in flight over loopback is a debt that is paid off first: after it a few more come at the limited rate.
  const pieces = (): number => got.events.filter(({ type }) => type === "piece").length;
  const seen = pieces();
  await got.until("piece", () => pieces() > seen + 16);
  assertLimited(startedAt, got.torrent.stats().downloaded - before - IN_FLIGHT);
  got.torrent.setLimits({ down: null });
  await got.until("complete");
  assert.equal(got.torrent.stats().failed, 0);
});

/** Read by one call before the connection is paused. */
const IN_FLIGHT = 262_144;
