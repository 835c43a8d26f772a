import assert from "node:assert/strict";
import { test } from "node:test";

import { Output } from "../../dist/ui/output.js";
import { fakeContext, fakeOptions, TextBuffer } from "../fake-output.js";

test("Output: bars only on a terminal that can move its cursor, and never into JSON on it", async () => {
  const cases = [
    { tty: true, env: { TERM: "xterm" }, options: {}, bars: true },
    { tty: true, env: { TERM: "dumb" }, options: {}, bars: false },
    { tty: false, env: { TERM: "xterm" }, options: {}, bars: false },
    { tty: true, env: { TERM: "xterm" }, options: { quiet: true }, bars: false },
    { tty: true, env: { TERM: "xterm" }, options: { json: true }, bars: false },
  ];
  for (const { tty, env, options, bars } of cases) {
    const stderr = new TextBuffer(tty);
    const output = await Output.open(fakeContext(new TextBuffer(tty), stderr, env), fakeOptions(options));
    output.live(["a bar"]);
    output.note("a sentence");
    output.done();
    assert.equal(output.interactive, bars, JSON.stringify({ tty, env, options }));
    assert.equal(stderr.text.includes("\u001b"), bars);
    assert.equal(stderr.text.includes("a sentence"), !("quiet" in options));
  }
});
