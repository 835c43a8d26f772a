import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

function sim(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, ...words], { encoding: "utf8", timeout: 120_000 });
}

test("sim prints the same for the same seed, whoever plays beside it", () => {
  const words = ["hybrid-swarm", "kill", "hostile-peers", "--seed", "3", "--json"];
  const first = sim(...words);
  assert.equal(first.status, 0, first.stderr);
  const lines = first.stdout.trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { scenario: string }).scenario),
    ["hybrid-swarm", "kill", "hostile-peers"],
  );
  assert.equal(sim(...words).stdout, first.stdout);
  assert.equal(sim("kill", "--seed", "3", "--json").stdout, `${lines[1]!}\n`);
});

test("sim shows how a swarm got on, and ends with 1 when it was not as it must be", () => {
  const good = sim("slow-last-peer");
  assert.equal(good.status, 0, good.stderr);
  assert.match(good.stdout, /time +complete[^]*1\/1 +100 %[^]*ok +slow-last-peer: /);
  const broken = `
    import { SCENARIOS } from ${JSON.stringify(new URL("../../dist/scenarios.js", import.meta.url))};
    SCENARIOS.push({ name: "broken", title: "fails", peers: 1, cost: 1, run: () => Promise.reject(new Error("no")) });
    process.argv.push("main", "broken", "--json");
    await import(${JSON.stringify(new URL("../../dist/main.js", import.meta.url))});`;
  const words = ["--input-type=module", "--eval", broken];
  const bad = spawnSync(process.execPath, words, { encoding: "utf8", timeout: 60_000 });
  assert.equal(bad.stdout, '{"scenario":"broken","seed":1,"ok":false,"error":"no"}\n', bad.stderr);
  assert.equal(bad.status, 1);
});

test("sim plays its stories with few and with many", () => {
  for (const words of [
    ["slow-last-peer", "--peers", "8"],
    ["liar", "--peers", "20"],
    ["kill", "--peers", "1"],
  ]) {
    const { status, stdout } = sim(...words, "--json");
    assert.equal(status, 0, stdout);
  }
});

test("sim names what it does not know, in one sentence, and ends with 2", () => {
  for (const [words, message] of [
    [["nobody"], /^There is no scenario "nobody"; --list names them all\n$/],
    [["all", "nobody"], /^There is no scenario "nobody"; --list names them all\n$/],
    [["kill", "--svg", "/nowhere/at/all.svg"], /^ENOENT: [^\n]*\/nowhere\/at\/all\.svg'\n$/],
    [["all", "--frobnicate"], /^Unknown option --frobnicate\n$/],
    [["kill", "--seed", "x"], /^--seed must be a whole number above 0, not x\n$/],
    [[], /^Name a scenario/],
  ] as const) {
    const { status, stderr, stdout } = sim(...words);
    assert.equal(status, 2);
    assert.match(stderr, message);
    assert.equal(stdout, "");
  }
});
