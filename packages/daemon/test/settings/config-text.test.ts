import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigSyntaxError, editConfig, readConfig } from "../../dist/settings/config-text.js";

const TEXT = `// mine
{
  "limits": {
    "down": "2M", // at night
    "slow": { "up": 1000 },
  },
  "ui.port": 9000,
  "unknown": [1],
}
`;

test("objects are levels of the keys, and every value knows its line", () => {
  assert.deepEqual(
    readConfig(TEXT).map(({ key, value, line }) => [key, value, line]),
    [
      ["limits.down", "2M", 4],
      ["limits.slow.up", 1000, 5],
      ["ui.port", 9000, 7],
      ["unknown", [1], 8],
    ],
  );
  assert.deepEqual(readConfig(" \n"), []);
});

test("a value is changed where it stands, and everything else stays", () => {
  const changed = editConfig(TEXT, "limits.down", 5);
  assert.equal(changed, TEXT.replace('"2M"', "5"));
  assert.equal(editConfig(TEXT, "ui.port", 1), TEXT.replace("9000", "1"));
});

test("new values go to their level; removed ones leave no trace", () => {
  const added = editConfig(TEXT, "limits.slow.down", 7);
  assert.deepEqual(
    readConfig(added)
      .filter(({ key }) => key.startsWith("limits.slow"))
      .map(({ key, value }) => [key, value]),
    [
      ["limits.slow.up", 1000],
      ["limits.slow.down", 7],
    ],
  );
  assert.match(added, /\/\/ at night/);
  assert.ok(!readConfig(editConfig(TEXT, "limits.down", undefined)).some(({ key }) => key === "limits.down"));
  assert.equal(editConfig(TEXT, "queue.downloads", undefined), TEXT);
  assert.deepEqual(JSON.parse(editConfig("", "ui.port", 5)), { ui: { port: 5 } });
});

test("what is broken is told with its line", () => {
  for (const [text, line] of [
    ['{\n"a": 1\n"b": 2}', 3],
    ["[]", 1],
    ['{"a":', 1],
    ["{]", 1],
  ] as const) {
    assert.throws(
      () => readConfig(text),
      (error) => error instanceof ConfigSyntaxError && error.line === line,
      text,
    );
    assert.throws(() => editConfig(text, "a", 1), ConfigSyntaxError);
  }
});

test("names that mean something to JavaScript are only names", () => {
  assert.deepEqual(
    readConfig('{"__proto__": {"x": 1}, "constructor": 2}').map(({ key }) => key),
    ["__proto__.x", "constructor"],
  );
});
