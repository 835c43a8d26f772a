// IPv4 and IPv6 side by side, and each of them alone.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Shoal, assertSameTree, lacks, openLan, openStage } from "@shoal/testkit";
import type { Namespace, ShoalEvent, Stage, StageContext } from "@shoal/testkit";
import { TIMEOUT_MS, prepareByShoal } from "./scene.ts";

const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks("namespaces") };
const CELL = { kind: "hybrid", shape: "folder", pieceLength: 16_384 } as const;
const ONLINE = { SHOAL_OFFLINE: "0" };

interface Network {
  /** What is done to both machines first. */
  readonly make: (on: Namespace) => unknown;
  /** Addresses of the other machine that lead there. */
  readonly lead: readonly string[];
}

const noIpv6 = (on: Namespace): unknown => on.run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"]);
const NETWORKS: Readonly<Record<string, Network>> = {
  "both families": { make: () => {}, lead: ["10.74.0.1", "[fd74::1]"] },
  "IPv4 alone, IPv6 switched off": { make: noIpv6, lead: ["10.74.0.1"] },
  "IPv6 alone": {
    make: (on) => on.ip("-4", "addr", "flush", "dev", "eth0"),
    lead: ["[fd74::1]"],
  },
};

function twoMachines(t: StageContext, { make }: Network): Stage[] {
  return openLan(t, 2).map((on) => {
    make(on);
    return openStage(t, { on });
  });
}

function start(stage: Stage, words: readonly string[]): Shoal {
  return Shoal.start(stage, [...words, "--port", "0", "--no-discovery"], stage.folder("state"), ONLINE);
}

describe("peers are reached by every family there is", () => {
  for (const [name, network] of Object.entries(NETWORKS)) {
    for (const host of [null, "eth0"]) {
      test(`${name}${host === null ? "" : `, bound to ${host}`}`, OPTIONS, async (t) => {
        const [there, here] = twoMachines(t, network) as [Stage, Stage];
        const bind = host === null ? [] : ["--host", host];
        const { payload, file } = await prepareByShoal(there, CELL);
        const seed = start(there, ["send", file, "--data", payload.dir, ...bind]);
        const { port } = await seed.listening();
        for (const address of network.lead) {
          const out = here.folder("got");
          const get = start(here, [
            "get",
            file,
            "-o",
            out,
            "--peer",
            `${address}:${port}`,
            "--once",
            ...bind,
          ]);
          await get.complete();
          await assertSameTree(join(out, payload.name), payload.path);
          const { host: seen } = await get.waitFor("peer-connected");
          // IPv4 in the clothes of IPv6 is shown as what it is.
          assert.equal(seen, address.replaceAll(/[[\]]/g, ""));
          await get.endsWith(0);
        }
      });
    }
  }
});

test("an interface that is not there yet is waited for", OPTIONS, async (t) => {
  const [there, here] = twoMachines(t, NETWORKS["both families"]!) as [Stage, Stage];
  const { payload, file } = await prepareByShoal(there, CELL);
  const seed = start(there, ["send", file, "--data", payload.dir]);
  const { port } = await seed.listening();
  here.namespace!.ip("link", "set", "eth0", "name", "wait0", "down");
  const out = here.folder("got");
  const get = start(here, ["get", file, "-o", out, "--host", "eth0", "--peer", `10.74.0.1:${port}`]);
  const messageOf = ({ waiting }: ShoalEvent): unknown => (waiting as { message?: string } | null)?.message;
  await get.waitFor("progress", 20_000, (event) => messageOf(event) === "waits for interface eth0");
  here.namespace!.ip("link", "set", "wait0", "name", "eth0", "up");
  await get.complete();
  await assertSameTree(join(out, payload.name), payload.path);
});
