import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { generateKeyPairSync } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { Identity, parsePeerId } from "@shoal/network";

function place(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "shoal-identity-"));
  t.after(() => rmSync(dir, { recursive: true }));
  return join(dir, "state", "identity.key");
}

describe("identity", () => {
  test("is made once, stays, and only its user can read it", async (t) => {
    const path = place(t);
    const made = await Identity.load(path);
    const again = await Identity.load(path);
    assert.equal(again.peerId, made.peerId);
    assert.deepEqual(parsePeerId(made.peerId), made.publicKey);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(join(path, "..")), ["identity.key"]);
  });

  test("two that start at once are the same", async (t) => {
    const path = place(t);
    const all = await Promise.all(Array.from({ length: 8 }, () => Identity.load(path)));
    assert.equal(new Set(all.map(({ peerId }) => peerId)).size, 1);
  });

  test("signs what others can verify, and nothing else passes", async (t) => {
    const identity = await Identity.load(place(t));
    const bytes = new TextEncoder().encode("hello");
    const signature = identity.sign(bytes);
    const { publicKey } = identity;
    assert.equal(signature.length, 64);
    assert.ok(Identity.verify(publicKey, bytes, signature));
    assert.ok(!Identity.verify(publicKey, bytes.subarray(1), signature));
    assert.ok(!Identity.verify(publicKey, bytes, signature.subarray(1)));
    assert.ok(!Identity.verify(publicKey.subarray(1), bytes, signature));
    assert.ok(!Identity.verify(new Uint8Array(32), bytes, signature));
  });

  test("a key that others may read, or that is none, is refused and left alone", async (t) => {
    const path = place(t);
    await Identity.load(path);
    const text = readFileSync(path, "utf8");
    chmodSync(path, 0o640);
    await assert.rejects(Identity.load(path), { code: "ERR_IDENTITY", message: /chmod 600/ });
    chmodSync(path, 0o600);
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    for (const wrong of [
      "",
      "nonsense",
      text.slice(0, 60),
      rsa.export({ type: "pkcs8", format: "pem" }) as string,
    ]) {
      writeFileSync(path, wrong);
      await assert.rejects(Identity.load(path), { code: "ERR_IDENTITY" });
      assert.equal(readFileSync(path, "utf8"), wrong);
    }
  });
});
