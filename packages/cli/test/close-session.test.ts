import assert from "node:assert/strict";
import { mock, test } from "node:test";

import type { Session } from "../dist/engine.js";
import { closeSession } from "../dist/session.js";
import { Output } from "../dist/ui/output.js";
import { fakeContext, fakeOptions, TextBuffer } from "./fake-output.js";

test("closeSession: says what it waits for once that takes time, and leaves nothing on the screen", async () => {
  const stderr = new TextBuffer(true);
  const output = await Output.open(fakeContext(new TextBuffer(true), stderr), fakeOptions());
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let end = (): void => undefined;
    const close = (): Promise<void> => new Promise((resolve) => (end = resolve));
    const closed = closeSession(output, { close } as Partial<Session> as Session);
    mock.timers.tick(200);
    assert.equal(stderr.text, "");
    mock.timers.tick(200);
    assert.match(stderr.text, /Ending: trackers and the router are told/);
    end();
    await closed;
    assert.ok(stderr.text.endsWith("\u001b[J\u001b[?25h"), JSON.stringify(stderr.text));
  } finally {
    mock.timers.reset();
  }
});
