import assert from "node:assert/strict";
import { test } from "node:test";

import { TrackerNotes } from "../dist/commands/tracker-notes.js";
import { fakeOutput } from "./fake-output.js";

const URL = "http://t.example/announce";

test("TrackerNotes: a refusal is told once in the tracker's words, the next answer too", () => {
  const { output, stderr } = fakeOutput();
  const notes = new TrackerNotes(output);
  notes.onAnswer(URL, true, null, 3);
  assert.equal(stderr.text, "");
  notes.onAnswer(URL, false, "Not authorized.\u001b[2J", 0);
  notes.onAnswer(URL, false, "Not authorized.", 0);
  notes.onAnswer(URL, true, null, 3);
  assert.equal(
    stderr.text,
    [
      `Tracker ${URL} can't be used now: Not authorized.\ufffd[2J. Trying again.`,
      `Tracker ${URL} answers again.`,
      "",
    ].join("\n"),
  );
});

test("TrackerNotes: a sentence has one period", () => {
  const { output, stderr } = fakeOutput();
  new TrackerNotes(output).onAnswer(URL, false, "Not authorized. ", 0);
  assert.equal(stderr.text, `Tracker ${URL} can't be used now: Not authorized. Trying again.\n`);
});
