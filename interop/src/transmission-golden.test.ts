// We answer what Transmission 3.00 has answered, also where it is not installed.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fixturePath, lacks, openStage } from "@shoal/testkit";
import { GOLDEN_CALLS, type GoldenCall } from "./rpc/golden-calls.ts";
import { answersOf, differences } from "./rpc/golden.ts";
import { RemoteDaemon } from "./rpc/remote.ts";

const FILE = fixturePath("transmission-3.00.json");
const TIMEOUT_MS = 120_000;

interface Recorded {
  readonly call: GoldenCall;
  readonly answer: unknown;
}

function assertSame(recorded: readonly Recorded[], answers: readonly unknown[]): void {
  const wrong = recorded.flatMap(({ call, answer }, i) => {
    const found = differences(answer, answers[i], "");
    return found.length === 0
      ? []
      : [[`call ${i}: ${JSON.stringify(call).slice(0, 200)}`, ...found].join("\n  ")];
  });
  assert.equal(wrong.join("\n"), "");
}

describe("answers to Transmission's RPC", () => {
  test("are those that Transmission 3.00 has given", { timeout: TIMEOUT_MS }, async (t) => {
    const recorded = JSON.parse(readFileSync(FILE, "utf8")) as Recorded[];
    assert.deepEqual(
      recorded.map(({ call }) => call),
      GOLDEN_CALLS,
      "the calls have changed: record them with SHOAL_RECORD=1",
    );
    const daemon = await RemoteDaemon.shoal(openStage(t));
    assertSame(recorded, await answersOf(daemon, GOLDEN_CALLS));
  });

  test(
    "are recorded as Transmission gives them",
    { skip: lacks("transmission"), timeout: TIMEOUT_MS },
    async (t) => {
      const daemon = await RemoteDaemon.transmission(openStage(t, { needs: ["transmission"] }));
      const answers = await answersOf(daemon, GOLDEN_CALLS);
      const now = GOLDEN_CALLS.map((call, i) => ({ call, answer: answers[i] }));
      if (process.env["SHOAL_RECORD"] === "1") writeFileSync(FILE, `${JSON.stringify(now, null, 1)}\n`);
      assertSame(JSON.parse(readFileSync(FILE, "utf8")) as Recorded[], answers);
    },
  );
});
