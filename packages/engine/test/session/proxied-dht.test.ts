import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createSession, type Session, type SessionOptions } from "@shoal/engine";
import { poll, SocksServer } from "@shoal/testkit";

async function open(t: TestContext, options: Partial<SessionOptions>): Promise<Session> {
  const stateDir = await mkdtemp(join(tmpdir(), "shoal-dht-"));
  const session = await createSession({ stateDir, offline: true, ports: [0], lsd: false, ...options });
  t.after(async () => {
    await session.close();
    await rm(stateDir, { recursive: true });
  });
  return session;
}

test(
  "the DHT is asked through a SOCKS5 proxy, by name, and nobody is told of a node that can't be asked",
  { timeout: 20_000 },
  async (t) => {
    const entry = await open(t, { host: "127.0.0.1", dhtBootstrap: [] });
    const { port } = entry.endpoint!;
    const server = await SocksServer.listen({ udp: true });
    t.after(() => server.close());
    const session = await open(t, {
      proxy: server.url(),
      dhtBootstrap: [{ host: "127.0.0.1", port }],
    });
    session.dht!.join();
    await poll("a node that answers", () => (session.dht!.stats().ipv4?.goodNodes ?? 0) === 1);
    assert.ok(server.asked.includes(`udp 127.0.0.1:${port}`));
    assert.equal(entry.dht!.stats().ipv4!.nodes, 0);
    assert.equal(session.dht!.portFor("127.0.0.1"), 0);
  },
);
