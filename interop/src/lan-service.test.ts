// Machines on one cable that show themselves by multicast DNS: to each other, and to avahi.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { describe, test } from "node:test";
import { Avahi, lacks, openLan, openStage, poll } from "@shoal/testkit";
import type { Child, Stage, StageContext } from "@shoal/testkit";
import { TIMEOUT_MS } from "./scene.ts";

const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks("namespaces") };
const DRIVER = fileURLToPath(new URL("lan-node.js", import.meta.url));

interface Line {
  readonly event: string;
  readonly kind?: string;
  readonly name?: string;
  readonly port?: number;
  readonly hosts?: readonly string[];
}

/** A session of ours on one machine. */
class LanNode {
  readonly child: Child;
  readonly lines: Line[] = [];

  constructor(stage: Stage, name: string, ...more: readonly string[]) {
    const args = [DRIVER, stage.folder("state"), name, ...more];
    this.child = stage.spawn({ name, command: process.execPath, args });
    this.child.onLine((line, from) => {
      if (from === "stdout") this.lines.push(JSON.parse(line) as Line);
    });
  }

  /** Of anybody, where no name is given. */
  async heard(event: string, name?: string): Promise<Line> {
    const look = (): Line | undefined =>
      this.lines.find((line) => line.event === event && (name === undefined || line.name === name));
    return poll(`${this.child.name} says ${event} ${name ?? ""}`, look, { within: 20_000 });
  }

  async end(): Promise<void> {
    this.child.endInput();
    assert.equal((await this.child.exited).code, 0);
  }
}

function machines(t: StageContext, count: number): Stage[] {
  return openLan(t, count).map((on) => openStage(t, { on }));
}

describe("people on one cable see each other", () => {
  test(
    "two of ours with the same name, without a router or DNS; the end of one is heard at once",
    OPTIONS,
    async (t) => {
      const [here, there] = machines(t, 2) as [Stage, Stage];
      const nodes = [new LanNode(here, "Anna's pc"), new LanNode(there, "Anna's pc")] as const;
      const ports = await Promise.all(nodes.map(async (node) => (await node.heard("listening")).port));
      const found = await Promise.all(nodes.map((node) => node.heard("lan-peer-found")));
      // Whoever was first with it has the name.
      assert.deepEqual(new Set(found.map(({ name }) => name)), new Set(["Anna's pc", "Anna's pc (2)"]));
      assert.deepEqual(
        found.map(({ port }) => port),
        ports.toReversed(),
      );
      assert.ok(found[1]?.hosts?.includes("10.74.0.1") && found[1].hosts.includes("fd74::1"));
      await nodes[0].end();
      await nodes[1].heard("lan-peer-lost", found[1]?.name);
      await nodes[1].end();
    },
  );

  test("bound to loopback nothing is heard outside, and nothing from there", OPTIONS, async (t) => {
    const [here, there] = machines(t, 2) as [Stage, Stage];
    const open = new LanNode(there, "Open");
    const near = [new LanNode(here, "Near", "127.0.0.1"), new LanNode(here, "Nearer", "127.0.0.1")] as const;
    await near[0].heard("lan-peer-found", "Nearer");
    await near[1].heard("lan-peer-found", "Near");
    // A last one in the open, so that whatever was to come from the others has come.
    const last = new LanNode(here, "Last");
    await open.heard("lan-peer-found", "Last");
    assert.deepEqual(
      open.lines.flatMap(({ name }) => name ?? []).filter((name) => name !== "Last"),
      [],
    );
    for (const node of near) assert.ok(!node.lines.some(({ name }) => name === "Open"));
    for (const node of [open, last, ...near]) await node.end();
  });

  test(
    "avahi sees us, and we see what avahi publishes",
    { ...OPTIONS, skip: lacks("namespaces", "avahi") },
    async (t) => {
      const [here, there] = machines(t, 2) as [Stage, Stage];
      const avahi = await Avahi.start(there);
      avahi.publish("Hub of all", "_shoal-hub._tcp", 8421, "v=1");
      avahi.publish("Bob.pc", "_shoal._tcp", 4000);
      const ours = new LanNode(here, "Anna's p.c");
      const { port } = await ours.heard("listening");
      assert.equal((await ours.heard("lan-peer-found", "Hub of all")).kind, "hub");
      assert.equal((await ours.heard("lan-peer-found", "Bob.pc")).port, 4000);
      await poll(
        "avahi resolves us",
        async () => {
          const services = await avahi.browse("_shoal._tcp");
          return services.some(
            (one) => one.name === "Anna's p c" && one.port === port && one.text.includes("v=1"),
          );
        },
        { within: 20_000 },
      );
      await ours.end();
      await poll(
        "avahi forgets us",
        async () => {
          const services = await avahi.browse("_shoal._tcp");
          return !services.some((one) => one.name === "Anna's p c");
        },
        { within: 10_000 },
      );
    },
  );
});
