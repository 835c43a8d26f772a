import assert from "node:assert/strict";
import { test } from "node:test";
import { REASONS } from "@shoal/engine";
import { parseCommandLine } from "../dist/commands/parse.js";
import { COMMANDS } from "../dist/commands/table.js";

/** What stands for something in advice, and an example of it. */
const EXAMPLES: Readonly<Record<string, string>> = {
  "<t>": "3",
  DIR: "/films",
  IDX: "1",
  N: "9",
  URL: "http://tracker.example/announce",
  "HOST:PORT": "192.0.2.1:41873",
};

test("what reasons for waiting advise to type are command lines that there are", () => {
  const lines = Object.values(REASONS).flatMap(({ actions }) =>
    actions.flatMap((action) => /^(?!leave it).*: (shoal .*)$/.exec(action)?.[1] ?? []),
  );
  assert.ok(lines.length > 10);
  for (const line of new Set(lines)) {
    const words = line.split(" ").slice(1);
    const typed = words.map((word) => EXAMPLES[word] ?? word);
    assert.doesNotThrow(() => assert.equal(parseCommandLine(typed, COMMANDS).type, "run"), line);
  }
});
