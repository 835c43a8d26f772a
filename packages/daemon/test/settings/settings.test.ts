import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { type SettingsPlace, Settings } from "../../dist/settings/settings.js";

interface Scene {
  readonly dir: string;
  readonly file: string;
  readonly open: (more?: Partial<SettingsPlace>) => Promise<Settings>;
}

function scene(t: TestContext): Scene {
  const dir = mkdtempSync(join(tmpdir(), "shoal-settings-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, "config", "config.json");
  return {
    dir,
    file,
    open: (more = {}) => Settings.open({ files: [file], env: {}, home: "/home/jo", ...more }),
  };
}

describe("settings", () => {
  test("flags stand before the environment, the profile, the file and the defaults", async (t) => {
    const { dir, open } = scene(t);
    const [common, own] = [join(dir, "a.json"), join(dir, "b.json")];
    writeFileSync(common, '{"limits": {"down": "1M", "up": "2M"}, "queue": {"downloads": 7, "seeds": 3}}');
    writeFileSync(own, '{"limits": {"up": "3MB/s"}, "queue": {"seeds": null}}');
    const settings = await open({
      files: [common, own],
      env: {
        SHOAL_QUEUE_DOWNLOADS: "9",
        SHOAL_LIMITS_SLOW_UP: "off",
        SHOAL_UI_HOSTS: "a.example, b.example",
      },
      flags: { "ui.port": 0 },
    });
    const seen = Object.fromEntries(settings.list().map(({ key, value, source }) => [key, [value, source]]));
    assert.deepEqual(seen["limits.down"], [1_000_000, "file"]);
    assert.deepEqual(seen["limits.up"], [3_000_000, "profile"]);
    assert.deepEqual(seen["queue.downloads"], [9, "environment"]);
    assert.deepEqual(seen["queue.seeds"], [null, "profile"]);
    assert.deepEqual(seen["limits.slow.up"], [null, "environment"]);
    assert.deepEqual(seen["ui.hosts"], [["a.example", "b.example"], "environment"]);
    assert.deepEqual(seen["ui.port"], [0, "flag"]);
    assert.deepEqual(seen["downloads.dir"], ["/home/jo/Downloads", "default"]);
  });

  test("a change is written in place, in force at once, and told to who listens to it", async (t) => {
    const { file, open } = scene(t);
    const settings = await open();
    const told: (number | null)[] = [];
    const stop = settings.on(["limits.down", "limits.up"], (now) => told.push(now.get("limits.down")));
    await settings.set({ "queue.downloads": 3 });
    await settings.set({ "limits.down": 5_000 });
    await settings.set({ "limits.down": 5_000 });
    await settings.set({ "limits.down": undefined });
    stop();
    await settings.set({ "limits.down": 1 });
    assert.deepEqual(told, [5_000, null]);
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), {
      queue: { downloads: 3 },
      limits: { down: 1 },
    });
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  test("a file that is a link stays one, and is private afterwards", async (t) => {
    const { dir, open } = scene(t);
    const [real, link] = [join(dir, "real.json"), join(dir, "link.json")];
    writeFileSync(real, "{}");
    chmodSync(real, 0o644);
    symlinkSync(real, link);
    await (await open({ files: [link] })).set({ "ui.port": 1234 });
    assert.match(readFileSync(real, "utf8"), /1234/);
    assert.equal(statSync(real).mode & 0o777, 0o600);
  });

  test("what can't be used is refused with its place; what is unknown is kept and told", async (t) => {
    const { dir, open } = scene(t);
    const file = join(dir, "c.json");
    const files = [file];
    writeFileSync(file, '{\n  "colour": 1,\n  "limits": {"down": "fast"}\n}');
    await assert.rejects(open({ files }), {
      code: "ERR_CONFIG",
      message: /c\.json, line 3: limits\.down: write it as/,
    });
    writeFileSync(file, '{ "colour": 1 }');
    const settings = await open({ files });
    assert.equal(settings.warnings.length, 1);
    await settings.set({ "ui.port": 1 });
    assert.equal((JSON.parse(readFileSync(file, "utf8")) as { colour: number }).colour, 1);
    await assert.rejects(open({ env: { SHOAL_UI_PORT: "70000" } }), {
      message: /SHOAL_UI_PORT: it must be at most 65535/,
    });
  });

  test("a file that turns bad leaves what was in force", async (t) => {
    const { file, open } = scene(t);
    const settings = await open();
    await settings.set({ "limits.up": 5 });
    writeFileSync(file, "{ oops");
    await assert.rejects(settings.reload(), { code: "ERR_CONFIG" });
    await assert.rejects(settings.set({ "limits.up": 6 }), { code: "ERR_CONFIG" });
    assert.equal(settings.get("limits.up"), 5);
    assert.equal(readFileSync(file, "utf8"), "{ oops");
  });

  test("programs to run come from the file alone", async (t) => {
    const { open } = scene(t);
    const settings = await open({ env: { SHOAL_DOWNLOADS_ON_COMPLETE: '["rm"]' } });
    assert.equal(settings.get("downloads.onComplete"), null);
    assert.match(settings.warnings[0] ?? "", /configuration file only/);
  });
});
