import assert from "node:assert/strict";
import { test } from "node:test";
import { COMMANDS } from "../../dist/commands/table.js";
import { complete } from "../../dist/completion/complete.js";

function words(...typed: string[]): string[] {
  return complete(typed, COMMANDS).candidates.map(({ word }) => word);
}

test("first words are commands and nouns, each once, and hidden ones are not offered", () => {
  const first = words("");
  assert.ok(first.includes("send") && first.includes("torrent"));
  assert.equal(new Set(first).size, first.length);
  assert.ok(!first.includes("complete"));
  assert.deepEqual(words("sen"), ["send"]);
  assert.deepEqual(words("torrent", "cr"), ["create"]);
  assert.deepEqual(words("nonsense", ""), []);
});

test("every command offers its own flags and those of all, wherever they stand", () => {
  for (const { name, options } of COMMANDS) {
    const offered = words(...name.split(" "), "--");
    for (const { flags, hidden } of Object.values(options)) {
      const long = /--[a-z0-9-]+/.exec(flags)![0];
      assert.equal(offered.includes(long), !hidden, `${name} ${long}`);
    }
    assert.ok(offered.includes("--json") && offered.includes("--help"), name);
  }
  assert.ok(words("--json", "torrent", "--hy").length === 0);
  assert.deepEqual(words("--json", "torrent", "create", "--hyb"), ["--hybrid"]);
});

test("values of flags are completed, with and without an equals sign", () => {
  assert.deepEqual(words("get", "--obfuscation", ""), ["prefer", "require", "off"]);
  assert.deepEqual(words("get", "--obfuscation", "re"), ["require"]);
  assert.deepEqual(words("get", "--obfuscation=re"), ["--obfuscation=require"]);
  assert.equal(complete(["get", "-o", ""], COMMANDS).completes, "files");
  assert.deepEqual(complete(["get", "--peer", ""], COMMANDS), { candidates: [], completes: null });
});

test("arguments are what their command takes", () => {
  assert.equal(complete(["send", ""], COMMANDS).completes, "files");
  assert.equal(complete(["send", "--json", "a", ""], COMMANDS).completes, "files");
  assert.equal(complete(["pause", "1", ""], COMMANDS).completes, "transfers");
  assert.equal(complete(["config", "set", ""], COMMANDS).completes, "settings");
  assert.equal(complete(["config", "set", "limits.down", ""], COMMANDS).completes, null);
  assert.deepEqual(words("completion", "po"), ["powershell"]);
  assert.deepEqual(words("help", "torrent", "ma"), ["magnet"]);
  assert.equal(complete(["send", "--", "-"], COMMANDS).completes, "files");
});

test("whatever is typed, there is an answer", () => {
  for (const typed of [
    [],
    ["-"],
    ["--"],
    ["--="],
    ["-o"],
    ["get", "--json=a", ""],
    ["\u0000", "é"],
    ["__proto__", ""],
  ])
    assert.doesNotThrow(() => complete(typed, COMMANDS));
});
