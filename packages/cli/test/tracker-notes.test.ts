import assert from "node:assert/strict";
import { test } from "node:test";

import { TrackerNotes } from "../dist/commands/tracker-notes.js";
import { fakeOutput } from "./fake-output.js";

const URL = "http://user:word@t.example:6969/announce?passkey=5ec2e7";
const answer = (ok: boolean, message: string | null, never = false) =>
  ({
    type: "tracker",
    url: URL,
    ok,
    message,
    refused: !ok,
    never,
    peers: 3,
    seeds: null,
    leechers: null,
  }) as const;
const SHOWN = "http://t.example:6969";

test("TrackerNotes: a refusal is told once in the tracker's words, the next answer too", () => {
  const { output, stderr } = fakeOutput();
  const notes = new TrackerNotes(output);
  notes.onEvent(answer(true, null));
  assert.equal(stderr.text, "");
  notes.onEvent(answer(false, "Not authorized.\u001b[2J"));
  notes.onEvent(answer(false, "Not authorized."));
  notes.onEvent(answer(true, null));
  assert.equal(
    stderr.text,
    [
      `Tracker ${SHOWN} can't be used now: Not authorized.\ufffd[2J. Trying again.`,
      `Tracker ${SHOWN} answers again.`,
      "",
    ].join("\n"),
  );
});

test("TrackerNotes: a sentence has one period", () => {
  const { output, stderr } = fakeOutput();
  new TrackerNotes(output).onEvent(answer(false, "Not authorized. "));
  assert.equal(stderr.text, `Tracker ${SHOWN} can't be used now: Not authorized. Trying again.\n`);
});

test("TrackerNotes: who wants no more questions gets none", () => {
  const { output, stderr } = fakeOutput();
  new TrackerNotes(output).onEvent(answer(false, "go away", true));
  assert.equal(stderr.text, `Tracker ${SHOWN} can't be used now: go away.\n`);
});
