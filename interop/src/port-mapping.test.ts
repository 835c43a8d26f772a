// A home behind a router that runs miniupnpd, and somebody outside who wants what is shared in there.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { HomeNetwork, Shoal, assertSameTree, lacks, magnetOf, poll } from "@shoal/testkit";
import type { HomeManners, Stage } from "@shoal/testkit";
import { TIMEOUT_MS, prepareByShoal } from "./scene.ts";

const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks("miniupnpd", "nft", "namespaces") };
const CELL = { kind: "hybrid", shape: "folder", pieceLength: 16_384, link: "magnet" } as const;
const PORT = 41_873;
const ALL = ["tcp4", "tcp6", "udp4", "udp6"].map((protocol) => `${protocol} ${PORT}`);

interface WayIn {
  readonly state: string;
  readonly via?: string;
  readonly host?: string;
  readonly port?: number;
  readonly code?: string;
}

/** Nothing can leave these networks, so that shoal may do what it does on any other day. */
function start(stage: Stage, words: readonly string[]): Shoal {
  const args = [...words, "--no-lsd", "--port", String(PORT)];
  return Shoal.start(stage, args, stage.folder("state"), { SHOAL_OFFLINE: "0" });
}

async function reachability(
  shoal: Shoal,
  isSettled: (ipv4: WayIn, ipv6: WayIn) => boolean,
): Promise<[WayIn, WayIn]> {
  const event = await shoal.waitFor("reachability", 20_000, (found) =>
    isSettled(found["ipv4"] as WayIn, found["ipv6"] as WayIn),
  );
  return [event["ipv4"] as WayIn, event["ipv6"] as WayIn];
}

const areOpen = (ipv4: WayIn, ipv6: WayIn): boolean => ipv4.state === "open" && ipv6.state === "open";

const areClosed = (ipv4: WayIn, ipv6: WayIn): boolean => ipv4.state === "closed" && ipv6.state === "closed";

const WAYS = [
  ["PCP", { upnp: false }],
  ["UPnP", { pcp: false }],
] as const satisfies readonly (readonly [string, HomeManners])[];

const isSubset = (some: readonly string[], of: readonly string[]): boolean =>
  some.every((one) => of.includes(one));

describe("a router opens our port", { concurrency: 2 }, () => {
  for (const [via, manners] of WAYS) {
    test(
      `by ${via}: people outside come in by both families, and nobody after the end`,
      OPTIONS,
      async (t) => {
        const home = await HomeNetwork.open(t, manners);
        const { payload, file, facts } = await prepareByShoal(home.inside, CELL);
        const seed = start(home.inside, ["send", file, "--data", payload.dir]);
        const [ipv4, ipv6] = await reachability(seed, areOpen);
        assert.deepEqual([ipv4.via, ipv4.host, ipv4.port], [via, home.outsideAddress, PORT]);
        assert.deepEqual([ipv6.via, ipv6.host, ipv6.port], [via, "2a01:77:1::5", PORT]);
        await poll("all is open", () => home.openings().join() === ALL.join(), {
          within: 5_000,
        });
        for (const address of [`${home.outsideAddress}:${PORT}`, `[2a01:77:1::5]:${PORT}`]) {
          const out = home.outside.folder("got");
          const leecher = start(home.outside, [
            "get",
            magnetOf(facts),
            "--peer",
            address,
            "-o",
            out,
            "--once",
          ]);
          await leecher.complete(20_000);
          await leecher.endsWith(0);
          await assertSameTree(join(out, payload.name), payload.path);
        }
        await seed.interrupt();
        assert.deepEqual(home.openings(), []);
      },
    );
  }

  test("a router that is switched off and on again is asked at once", OPTIONS, async (t) => {
    const home = await HomeNetwork.open(t, { upnp: false });
    const { payload, file } = await prepareByShoal(home.inside, CELL);
    const seed = start(home.inside, ["send", file, "--data", payload.dir]);
    await reachability(seed, areOpen);
    await home.reboot();
    const ofIpv4 = ALL.filter((opening) => opening.includes("4 "));
    await poll("IPv4 is open again", () => isSubset(ofIpv4, home.openings()), {
      within: 15_000,
    });
    await seed.interrupt();
  });

  for (const [via, manners] of WAYS) {
    test(`by ${via}: where another computer has the port, another one is opened`, OPTIONS, async (t) => {
      const home = await HomeNetwork.open(t, manners);
      const { payload, file, facts } = await prepareByShoal(home.inside, CELL);
      const words = ["send", file, "--data", payload.dir, "--no-discovery"];
      const first = start(home.inside, [...words, "--host", "192.168.77.6"]);
      await reachability(first, ({ state }) => state === "open");
      const second = start(home.inside, [...words, "--host", "192.168.77.5"]);
      const [{ port }] = await reachability(second, ({ state }) => state === "open");
      assert.notEqual(port, PORT);
      await first.interrupt();
      const out = home.outside.folder("got");
      const peer = `${home.outsideAddress}:${port}`;
      const leecher = start(home.outside, [
        "get",
        magnetOf(facts),
        "--no-discovery",
        "--peer",
        peer,
        "-o",
        out,
        "--once",
      ]);
      await leecher.complete(20_000);
      await assertSameTree(join(out, payload.name), payload.path);
      await second.interrupt();
      assert.deepEqual(home.openings(), []);
    });
  }

  test("a router that knows none of it", OPTIONS, async (t) => {
    const home = await HomeNetwork.open(t, { pcp: false, upnp: false });
    const { payload, file } = await prepareByShoal(home.inside, CELL);
    const seed = start(home.inside, ["send", file, "--data", payload.dir]);
    const [ipv4, ipv6] = await reachability(seed, areClosed);
    assert.deepEqual([ipv4.code, ipv6.code], ["silent", "silent"]);
    await seed.interrupt();
  });

  test("a router whose own address is a private one", OPTIONS, async (t) => {
    const home = await HomeNetwork.open(t, { outside: "10.20.30.1" });
    const { payload, file } = await prepareByShoal(home.inside, CELL);
    const seed = start(home.inside, ["send", file, "--data", payload.dir]);
    const [ipv4] = await reachability(seed, ({ state }) => state === "closed");
    assert.equal(ipv4.code, "no-outside");
    await seed.interrupt();
    assert.deepEqual(home.openings(), []);
  });

  test("nobody is asked when it is switched off, bound to loopback, or offline", OPTIONS, async (t) => {
    const home = await HomeNetwork.open(t);
    const { payload, file } = await prepareByShoal(home.inside, CELL);
    const words = ["send", file, "--data", payload.dir];
    const before = home.asked();
    for (const [more, env] of [
      [["--no-port-mapping"], { SHOAL_OFFLINE: "0" }],
      [["--host", "127.0.0.1"], { SHOAL_OFFLINE: "0" }],
      [[], { SHOAL_OFFLINE: "1" }],
    ] as const) {
      const seed = Shoal.start(
        home.inside,
        [...words, "--no-lsd", ...more],
        home.inside.folder("state"),
        env,
      );
      const [ipv4, ipv6] = await reachability(seed, () => true);
      assert.deepEqual([ipv4.state, ipv6.state], ["off", "off"]);
      await seed.interrupt();
    }
    assert.equal(home.asked(), before, "no packet has come to the router");
  });
});
