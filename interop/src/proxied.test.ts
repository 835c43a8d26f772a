// With a proxy, real ones from Debian: every packet of the machine goes to it.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Opentracker, Shoal, TwoWays, assertSameTree, lacks, magnetOf, openStage } from "@shoal/testkit";
import type { Child, Foreign, Stage } from "@shoal/testkit";
import { TIMEOUT_MS, prepareByShoal } from "./scene.ts";

const CELL = { kind: "hybrid", shape: "folder", pieceLength: 16_384 } as const;
const ONLINE = { SHOAL_OFFLINE: "0" };
const HOST = "10.50.0.1";
const PORT = 3128;

interface Server {
  readonly needs: Foreign;
  readonly url: string;
  readonly start: (stage: Stage) => Child;
}

const SERVERS: Readonly<Record<string, Server>> = {
  "a SOCKS5 proxy (microsocks)": {
    needs: "microsocks",
    url: `socks5://me:secret-word@${HOST}:${PORT}`,
    start: (stage) =>
      stage.spawn({
        name: "microsocks",
        command: "microsocks",
        args: ["-i", HOST, "-p", String(PORT), "-u", "me", "-P", "secret-word"],
      }),
  },
  "an HTTP proxy (tinyproxy)": {
    needs: "tinyproxy",
    url: `http://me:secret-word@${HOST}:${PORT}`,
    start: (stage) => {
      const settings = join(stage.folder("tinyproxy"), "settings");
      const lines = [`Port ${PORT}`, `Listen ${HOST}`, "Timeout 60", "BasicAuth me secret-word"];
      writeFileSync(settings, `${lines.join("\n")}\n`);
      return stage.spawn({ name: "tinyproxy", command: "tinyproxy", args: ["-d", "-c", settings] });
    },
  },
};

describe("everything goes through a proxy", () => {
  for (const [name, { needs, url, start }] of Object.entries(SERVERS)) {
    const options = { timeout: TIMEOUT_MS, skip: lacks("opentracker", "namespaces", "nft", needs) };
    test(name, options, async (t) => {
      const ways = TwoWays.open(t, { allow: `ip daddr ${HOST} tcp dport ${PORT}` });
      const far = openStage(t, { needs: ["opentracker", needs], on: ways.far });
      const us = openStage(t, { on: ways.us });
      // Whoever looks a name up here asks the machine at the other end of the cable.
      ways.useNameServer("10.9.0.1");
      const { payload, file, facts } = await prepareByShoal(far, CELL);
      const tracker = await Opentracker.start(far, [facts]);
      const proxy = start(far);
      const words = ["send", file, "--data", payload.dir, "--port", "0", "--tracker", tracker.httpUrl];
      const seed = Shoal.start(far, words, far.folder("state"), ONLINE);
      await seed.listening();
      await tracker.waitForSeeds(facts);
      // A SOCKS5 proxy has no other answer to a web browser than to hang up.
      await proxy.answers(() =>
        far.http(`http://${HOST}:${PORT}/`).catch((error: Error) => {
          if (error.message.includes("ECONNREFUSED")) throw error;
        }),
      );
      const out = us.folder("got");
      const trackers = [tracker.httpUrl, tracker.udpUrl, "http://tracker.invalid/announce"];
      const leecher = Shoal.start(
        us,
        ["get", magnetOf(facts, trackers), "-o", out, "--proxy", url, "-vv"],
        us.folder("state"),
        ONLINE,
      );
      await leecher.complete();
      await assertSameTree(join(out, payload.name), payload.path);
      await leecher.interrupt();
      assert.equal(ways.strays(), "");
      assert.ok(!leecher.child.log.includes("secret-word"), "the password is shown to nobody");
    });
  }
});
