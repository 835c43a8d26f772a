import assert from "node:assert/strict";
import { test } from "node:test";
import { Examiner, type FuzzTarget, mutateBencode } from "@shoal/testkit/fuzz";
import { fuzz, type FuzzOptions } from "../../dist/fuzz/fuzzer.js";
import { TestRandom } from "../../dist/random.js";

const OPTIONS: FuzzOptions = {
  seed: 5,
  runs: 20_000,
  seconds: Infinity,
  corpus: [],
  isUnderTest: () => false,
  onInput: () => {},
};

function target(run: FuzzTarget["run"], more: Partial<FuzzTarget> = {}): FuzzTarget {
  const seeds = (): Uint8Array[] => [Uint8Array.of(1, 2, 3)];
  return { name: "t", about: "", seeds, dictionary: ["needle"], run, ...more };
}

function textOf(input: Uint8Array): string {
  return Buffer.from(input).toString("latin1");
}

test("fuzz finds an input that throws, makes it small, and finds it again with the same seed", async () => {
  const buggy = target((input) => {
    if (textOf(input).includes("needle")) throw new TypeError("found it");
    return "ok";
  });
  const { failure, runs } = await fuzz(buggy, OPTIONS);
  assert.equal(failure?.finding.kind, "threw");
  assert.equal(textOf(failure.input), "needle");
  assert.equal((await fuzz(buggy, OPTIONS)).runs, runs);
});

test("fuzz feeds inputs that had a new outcome to the mutations that follow", async () => {
  const steps = target((input) => {
    const text = textOf(input);
    const found = ["ab", "abcd", "abcdef"].filter((word) => text.includes(word)).length;
    if (found === 3) throw new TypeError("three steps");
    return String(found);
  });
  const { failure } = await fuzz({ ...steps, dictionary: ["ab", "cd", "ef"] }, OPTIONS);
  assert.equal(textOf(failure!.input), "abcdef");
});

for (const [kind, run] of Object.entries({
  slow: () => {
    const until = performance.now() + 100;
    while (performance.now() < until);
    return "";
  },
  memory: () => String(new Uint8Array(32 << 20).length),
  modified: (input: Uint8Array) => {
    input[0]! ^= 1;
    return "";
  },
})) {
  test(`Examiner tells "${kind}"`, async () => {
    const examiner = new Examiner(target(run, { limitMs: 1, limitBytes: 16 << 20 }));
    try {
      assert.equal((await examiner.examine(Uint8Array.of(1))).finding?.kind, kind);
    } finally {
      examiner.stop();
    }
  });
}

test("mutateBencode changes values and keeps what it makes well-formed", () => {
  const random = new TestRandom(1);
  const input = new TextEncoder().encode("d4:listli1ei2ee4:name3:abce");
  const made = new Set<string>();
  for (let i = 0; i < 500; i++) {
    const output = mutateBencode(input, random, () => input);
    assert.ok(mutateBencode(output, random, () => input) !== output, `${textOf(output)} is not bencode`);
    made.add(textOf(output));
  }
  assert.ok(made.size > 100);
});

test("mutateBencode gives back what is not bencode, whatever it says of lengths", () => {
  for (const text of ["l-3:abce", "li", "d1:ai5", "l".repeat(100_000), ""]) {
    const input = new TextEncoder().encode(text);
    assert.equal(
      mutateBencode(input, new TestRandom(1), () => input),
      input,
    );
  }
});
