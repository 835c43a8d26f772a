import assert from "node:assert/strict";
import type { FuzzTarget } from "@shoal/testkit/fuzz";
import { latin1Text } from "../../dist/base/bytes.js";
import { judgeAnswer } from "../../dist/core/web-seed/answer.js";
import { seedsOf } from "./seeds.ts";

const FILE_SIZE = 3_000_000;

/** The first line is the status, the others are headers. */
function headOf(input: Uint8Array): { status: number; headers: Map<string, string> } {
  const [status = "", ...lines] = latin1Text(input).split("\n");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1));
  }
  return { status: Number.parseInt(status, 10), headers };
}

const answers: FuzzTarget = {
  name: "web-seed",
  about: "status and headers of a web seed's answers",
  seeds: () =>
    seedsOf(
      "206\ncontent-range: bytes 1000-1999/3000000\ncontent-length: 1000",
      "206\ncontent-range: bytes 1000-1499/*",
      "200\ncontent-length: 3000000\ncontent-encoding: identity",
      "200\ncontent-encoding: gzip",
      "503\nretry-after: 120",
      "429\nretry-after: Wed, 21 Oct 2015 07:30:00 GMT\ndate: Wed, 21 Oct 2015 07:28:00 GMT",
      "416\ncontent-range: bytes */5",
      "404",
    ),
  dictionary: ["content-range:", "bytes ", "/*", "retry-after:", "content-length:", "206\n", "200\n", "-"],
  run: (input) => {
    const head = headOf(input);
    const kinds: string[] = [];
    for (const [from, to, fileSize] of [
      [1_000, 2_000, FILE_SIZE],
      [0, FILE_SIZE, FILE_SIZE],
      [2_900_000, FILE_SIZE, FILE_SIZE],
      [5, 10, 10],
    ] as const) {
      const verdict = judgeAnswer(head, { from, to, fileSize });
      kinds.push(verdict.kind);
      switch (verdict.kind) {
        case "take":
          assert.ok(verdict.skip === 0 || (head.status === 200 && verdict.skip === from));
          assert.ok(verdict.length > 0 && verdict.length <= to - from);
          assert.ok(head.status === 206 || verdict.length === to - from);
          break;
        case "busy":
          assert.ok(verdict.afterMs === null || (Number.isFinite(verdict.afterMs) && verdict.afterMs >= 0));
          break;
        case "whole-files":
          assert.equal(head.status, 200);
          break;
        default:
          assert.notEqual(verdict.message, "");
      }
    }
    return kinds.join();
  },
};

export const targets: readonly FuzzTarget[] = [answers];
