import assert from "node:assert/strict";
import type { FuzzTarget } from "@shoal/testkit/fuzz";
import { makeSelection } from "../../dist/commands/get/selection.js";
import { isGettable, isInfoHash } from "../../dist/commands/guess.js";
import {
  parsePeer,
  parsePieceSize,
  parsePorts,
  parseTrackerUrl,
  parseWebUrl,
} from "../../dist/commands/option.js";
import { clean, cleanShort, safeJson } from "../../dist/ui/clean.js";
import { parseWait } from "../../dist/ui/durations.js";
import { shellWord } from "../../dist/ui/shell-word.js";
import { parseBinarySize } from "../../dist/ui/sizes.js";

// What a terminal would obey, said in other words than clean.ts says it.
const STEERING = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\ud800-\udfff]/u;
const PATTERNS = [
  "*.mkv",
  "**/*.srt",
  "a/**",
  "1,3-5",
  "*[0-9]*.{jpg,png}",
  "!(x)*",
  "@(a|b)*(c)+(d)",
  "?*?*?*?*",
];

/** Options throw plain errors with the reason; a TypeError or RangeError is a fault. */
function accepts(parse: (word: string) => unknown, word: string): boolean {
  try {
    parse(word);
    return true;
  } catch (error) {
    assert.ok(error instanceof Error && error.constructor === Error, String(error));
    return false;
  }
}

const text = (input: Uint8Array): string => new TextDecoder().decode(input);

const words: FuzzTarget = {
  name: "cli-words",
  about: "values of options, and text of strangers on its way to the terminal",
  seeds: () =>
    [
      "41873-41972",
      "0",
      "192.0.2.7:41873",
      "[2001:db8::7]:1",
      "256KiB",
      "1.5m",
      "udp://a:1/announce",
      "a\u202eb\u001b[2J",
    ].map((word) => new TextEncoder().encode(word)),
  dictionary: [
    "-",
    ":",
    "[",
    "]",
    "KiB",
    "m",
    "http://",
    "udp://",
    "\u001b[",
    "\u009b",
    "\u202e",
    "\ufeff",
    "'",
    "\ud83d\ude00",
  ],
  maxBytes: 16_384,
  run(input) {
    const word = text(input);
    const shown = [
      clean(word),
      cleanShort(word),
      shellWord(word),
      JSON.parse(safeJson(word)) === word ? safeJson(word) : "\n",
    ];
    for (const one of shown) assert.doesNotMatch(one, STEERING);
    assert.ok(cleanShort(word).length <= 240);
    const size = parseBinarySize(word);
    assert.ok(size === null || size >= 0);
    const duration = parseWait(word);
    assert.ok(duration === null || (duration > 0 && duration <= 2_147_483_647));
    if (isInfoHash(word)) assert.ok(isGettable(word));
    const parsers = [parsePorts, parsePeer, parsePieceSize, parseTrackerUrl, parseWebUrl];
    return parsers.map((parse) => (accepts(parse, word) ? "1" : "0")).join("");
  },
};

const select: FuzzTarget = {
  name: "cli-select",
  about: "paths of strangers under the patterns of --select",
  seeds: () =>
    ["a/film.mkv", "a/b/c.srt", "x1.jpg", "abccdd", "aaaaaaaaaaaaaaaa"].map((path) =>
      new TextEncoder().encode(path),
    ),
  dictionary: ["/", ".", "..", ".mkv", "abcd", "\n", "!", "(", "[0-9]", "1"],
  // What the path policy lets through is shorter.
  maxBytes: 4_096,
  run(input) {
    const path = text(input);
    return PATTERNS.map((pattern) => (makeSelection([pattern])(1, path) ? "1" : "0")).join("");
  },
};

export const targets: readonly FuzzTarget[] = [select, words];
