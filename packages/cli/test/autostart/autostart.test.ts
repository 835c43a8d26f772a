import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Start } from "../../dist/autostart/autostart.js";
import { launchdAgent } from "../../dist/autostart/launchd.js";
import { systemdUnit } from "../../dist/autostart/systemd.js";
import { windowsTask } from "../../dist/autostart/windows-task.js";

const START: Start = {
  profile: "work",
  command: [process.execPath, '/opt/a "b" 100%/$HOME/shoal.js', "--profile", "work", "daemon", "run"],
  env: { SHOAL_STATE_DIR: "/home/jo/a & <b>" },
  home: "/home/jo",
  configHome: "/home/jo/.config",
  configDir: "/home/jo/.config/shoal",
};

test("a unit that systemd reads as it is meant, whatever is in the paths", (t: TestContext) => {
  const { file, text } = systemdUnit(START);
  assert.equal(file, "/home/jo/.config/systemd/user/shoal-work.service");
  assert.ok(text.includes(' "/opt/a \\"b\\" 100%%/$$HOME/shoal.js" '), text);
  assert.ok(text.includes('Environment="SHOAL_STATE_DIR=/home/jo/a & <b>"'));
  const dir = mkdtempSync(join(tmpdir(), "shoal-unit-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const unit = join(dir, basename(file));
  writeFileSync(unit, text);
  const { error, stderr } = spawnSync("systemd-analyze", ["verify", "--user", unit], { encoding: "utf8" });
  if (error !== undefined) {
    t.diagnostic("systemd-analyze is not installed");
    return;
  }
  assert.doesNotMatch(stderr, /shoal-work/);
});

test("an agent and a task that are well-formed XML", () => {
  for (const { text, isTried } of [launchdAgent(START), windowsTask(START)]) {
    assert.ok(!isTried);
    assert.match(text, /a &amp; &lt;b&gt;/);
    assert.doesNotMatch(text, /&(?!amp;|lt;|gt;|quot;)/);
    const open: string[] = [];
    for (const [, closing, name, , empty] of text.matchAll(/<(\/?)([A-Za-z]+)([^<>]*?)(\/?)>/g)) {
      if (closing === "/") assert.equal(open.pop(), name);
      else if (empty !== "/") open.push(name!);
    }
    assert.deepEqual(open, []);
  }
});
