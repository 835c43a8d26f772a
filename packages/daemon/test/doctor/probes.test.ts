import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { createServer as createHttpServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { findFirewalls } from "../../dist/doctor/probes/firewalls.js";
import { readRights } from "../../dist/doctor/probes/file-rights.js";
import { probeFolder } from "../../dist/doctor/probes/folder.js";
import { isOnThisComputer, probeHub } from "../../dist/doctor/probes/hub.js";
import { ownAddress, probeTcp, probeUdp } from "../../dist/doctor/probes/listening.js";

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "shoal-doctor-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

test("a folder that works: free space, time, and nothing left behind", async (t) => {
  const dir = folder(t);
  const { trouble, free, writtenAt, writeMs } = await probeFolder(dir);
  assert.equal(trouble, null);
  assert.ok(free! > 0 && writeMs! >= 0 && Math.abs(writtenAt! - Date.now()) < 60_000);
  assert.deepEqual(readdirSync(dir), []);
});

test("a folder that is not there yet is not made", async (t) => {
  const dir = join(folder(t), "a", "b");
  assert.equal((await probeFolder(dir)).trouble, null);
  assert.ok(!existsSync(join(dir, "..")));
});

test("a file in place of a folder", async (t) => {
  const path = join(folder(t), "file");
  writeFileSync(path, "x");
  assert.equal((await probeFolder(path)).trouble, "ENOTDIR");
});

test("our own port: answers, or is silent", async (t) => {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  assert.equal(await probeTcp("127.0.0.1", port), "ok");
  await new Promise((resolve) => server.close(resolve));
  assert.equal(await probeTcp("127.0.0.1", port), "silent");

  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.on("message", (_bytes, from) => socket.send("x", from.port, from.address));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  assert.equal(await probeUdp("127.0.0.1", socket.address().port), "ok");
  assert.equal(ownAddress("0.0.0.0"), "127.0.0.1");
  assert.equal(ownAddress("::"), "::1");
  assert.equal(ownAddress("10.0.0.1"), "10.0.0.1");
});

test("firewalls show themselves by their files", async (t) => {
  const root = folder(t);
  const put = (path: string, text: string): void => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  assert.deepEqual(await findFirewalls("linux", root), []);
  put("proc/modules", "nf_tables 380928 0 - Live 0x0\n");
  assert.deepEqual(await findFirewalls("linux", root), []);
  put("proc/modules", "nf_tables 380928 123 nft_ct, Live 0x0\n");
  assert.deepEqual(await findFirewalls("linux", root), ["nftables"]);
  put("proc/net/ip_tables_names", "filter\n");
  assert.deepEqual(await findFirewalls("linux", root), ["iptables"]);
  put("etc/ufw/ufw.conf", "ENABLED=no\n");
  mkdirSync(join(root, "run/firewalld"), { recursive: true });
  assert.deepEqual(await findFirewalls("linux", root), ["firewalld"]);
  put("etc/ufw/ufw.conf", "# x\nENABLED=yes\n");
  assert.deepEqual(await findFirewalls("linux", root), ["ufw", "firewalld"]);
  assert.deepEqual(await findFirewalls("darwin", root), []);
});

test("rights of files that are there", async (t) => {
  const path = join(folder(t), "key");
  writeFileSync(path, "x");
  chmodSync(path, 0o640);
  const files = [path, `${path}-absent`].map((one) => ({ path: one, allowed: 0o600 }));
  assert.deepEqual(await readRights(files, "linux"), [{ path, allowed: 0o600, mode: 0o640 }]);
  assert.deepEqual(await readRights(files, "win32"), []);
});

test("a hub that answers, and one that does not", async () => {
  const server = createHttpServer((_request, response) => response.end("hub")).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  assert.equal(await probeHub(address), 200);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual(await probeHub(address), { error: "ECONNREFUSED" });
  assert.ok(isOnThisComputer(address) && isOnThisComputer("https://localhost:8421"));
  assert.ok(!isOnThisComputer("hub.example:8421") && !isOnThisComputer("not a host"));
});
