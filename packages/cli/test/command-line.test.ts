import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { ERROR_TABLE } from "@shoal/engine";
import { API_ERROR_TABLE } from "@shoal/schema";

import { firstWord, isGettable, isInfoHash, nearest } from "../dist/commands/guess.js";
import { helpPage, NOUNS } from "../dist/commands/help.js";
import { parsePeer, parsePieceSize, parsePorts, parseTrackerUrl } from "../dist/commands/option.js";
import { globalOptions, parseCommandLine, splitJsonFields } from "../dist/commands/parse.js";
import { startScreen } from "../dist/commands/start-screen.js";
import { COMMANDS } from "../dist/commands/table.js";
import { CLI_ERROR_TABLE, CliError, ERROR_EXITS, toFailure } from "../dist/errors.js";
import { EXIT_CODES } from "../dist/exit-codes.js";
import { splitLine } from "../dist/shell/split-line.js";
import { createStyle } from "../dist/ui/style.js";

const PLAIN = createStyle(false);

function parse(line: string): ReturnType<typeof parseCommandLine> {
  return parseCommandLine(splitJsonFields(line.split(" ").filter((word) => word !== "")), COMMANDS);
}

function run(line: string): {
  name: string;
  args: readonly string[];
  options: Readonly<Record<string, unknown>>;
} {
  const parsed = parse(line);
  assert.equal(parsed.type, "run", line);
  if (parsed.type !== "run") throw new Error("unreachable");
  return { name: parsed.command.name, args: parsed.args, options: parsed.options };
}

function complaint(line: string): string {
  try {
    parse(line);
  } catch (error) {
    assert.ok(error instanceof CliError, String(error));
    assert.equal(error.exit, "usage");
    return toFailure(error).message;
  }
  throw new Error(`accepted: ${line}`);
}

test("parse: global flags before and after the command, values typed", () => {
  const { name, args, options } = run(
    "--json get -q --timeout 30s -o out LINK --peer 192.0.2.1:7 --peer [::1]:8 -vv",
  );
  assert.equal(name, "get");
  assert.deepEqual(args, ["LINK"]);
  assert.equal(options["json"], true);
  assert.equal(options["quiet"], true);
  assert.equal(options["verbose"], 2);
  assert.equal(options["timeout"], 30_000);
  assert.equal(options["output"], "out");
  assert.equal(options["once"], false);
  assert.equal(options["color"], "auto");
  assert.deepEqual(options["peer"], [
    { host: "192.0.2.1", port: 7 },
    { host: "::1", port: 8 },
  ]);
});

test("parse: --json never takes the next word; --json=a,b chooses fields", () => {
  assert.deepEqual(run("get --json LINK").args, ["LINK"]);
  const { args, options } = run("torrent info --json=name,magnet FILE");
  assert.deepEqual(args, ["FILE"]);
  assert.deepEqual(options["jsonFields"], ["name", "magnet"]);
});

test("parse: --no-discovery and the other --no flags are plain switches", () => {
  assert.equal(run("get LINK").options["noDiscovery"], false);
  const { options } = run("get LINK --no-discovery --no-input");
  assert.equal(options["noDiscovery"], true);
  assert.equal(options["noInput"], true);
});

test("parse: what follows -- is never a flag", () => {
  assert.deepEqual(run("send -- --once -q").args, ["--once", "-q"]);
});

test("parse: help wins over missing arguments, for shoal, nouns and commands", () => {
  assert.deepEqual(parse("get -h"), { type: "help", topic: "get" });
  assert.deepEqual(parse("torrent create --help"), { type: "help", topic: "torrent create" });
  assert.deepEqual(parse("torrent"), { type: "help", topic: "torrent" });
  assert.deepEqual(parse("--help"), { type: "help", topic: "" });
  assert.deepEqual(parse("-V"), { type: "version" });
  assert.deepEqual(parse(""), { type: "bare" });
});

test("parse: complaints name the word and what to do", () => {
  assert.match(complaint("get --oncee LINK"), /"--oncee".*Did you mean --once\?/);
  assert.match(complaint("get"), /[Mm]issing.*link.*shoal get --help/);
  assert.match(complaint("torrent foo"), /"foo".*create, info, verify, magnet/);
  assert.match(complaint("get LINK --port 99999"), /--port 99999 can't be used: .*65535/);
  assert.match(complaint("get LINK --peer nowhere"), /--peer nowhere.*host:port/);
  assert.match(complaint("send X --tracker example.org"), /--tracker example\.org.*http/);
  assert.match(complaint("torrent create X --piece-size 100K"), /power of two/);
  assert.match(complaint("get LINK --timeout soon"), /30s/);
  assert.match(complaint("torrent magnet A B"), /too many/i);
  assert.match(complaint("get LINK --color pink"), /auto, always, never/);
});

test("globalOptions: known before the parse, whatever else is wrong", () => {
  const options = globalOptions([
    "get",
    "-qv",
    "--json",
    "--nonsense",
    "--timeout=5s",
    "--color",
    "never",
    "--",
    "-y",
  ]);
  assert.equal(options.quiet, true);
  assert.equal(options.verbose, 1);
  assert.equal(options.json, true);
  assert.equal(options.timeout, 5000);
  assert.equal(options.color, "never");
  assert.equal(options.yes, false);
});

test("guess: words that mean get", () => {
  const hash = "0123456789abcdef0123456789abcdef01234567";
  for (const word of [
    "magnet:?xt=urn:btih:x",
    "a.torrent",
    "https://example.org/x",
    hash,
    hash.toUpperCase(),
    `${hash}0123456789abcdef01234567`,
    "abcdefghijklmnopqrstuvwxyz234567",
  ]) {
    assert.ok(isGettable(word), word);
  }
  for (const word of ["get", "holiday", hash.slice(1), "ftp://example.org/x"])
    assert.ok(!isGettable(word), word);
  assert.ok(!isInfoHash("abcdefghijklmnopqrstuvwxyz234561"));
});

test("guess: first word, past the values of global flags", () => {
  assert.equal(firstWord(["--timeout", "30s", "-q", "get", "x"]), 3);
  assert.equal(firstWord(["--timeout=30s", "x"]), 1);
  assert.equal(firstWord(["-q", "--", "-x"]), 2);
  assert.equal(firstWord(["-q"]), -1);
  assert.equal(firstWord(["-"]), 0);
});

test("guess: nearest command, or none", () => {
  const known = ["send", "get", "torrent", "help", "version"];
  assert.equal(nearest("sned", known), "send");
  assert.equal(nearest("torent", known), "torrent");
  assert.equal(nearest("Get", known), "get");
  assert.equal(nearest("banana", known), null);
});

test("values: ports, peers, piece sizes, trackers", () => {
  assert.deepEqual(parsePorts("5-7"), [5, 6, 7]);
  assert.deepEqual(parsePorts("0"), [0]);
  for (const word of ["", "7-5", "0-5", "65536", "a", "1-2-3", "-1"])
    assert.throws(() => parsePorts(word), word);
  assert.deepEqual(parsePeer("host.example:1"), { host: "host.example", port: 1 });
  for (const word of [
    "host",
    "host:0",
    "host:65536",
    "::1:5",
    "[::1]",
    ":5",
    "a b:5",
    "999.1.1.1:5",
    "1.2.3:5",
    "[1.2.3.4]:5",
    "[:::]:5",
  ])
    assert.throws(() => parsePeer(word), word);
  assert.equal(parsePieceSize("16K"), 16_384);
  for (const word of ["8K", "32M", "48K"]) assert.throws(() => parsePieceSize(word), word);
  assert.equal(parseTrackerUrl("udp://t.example:80/announce"), "udp://t.example:80/announce");
  for (const word of ["t.example", "ftp://t.example", "http://"])
    assert.throws(() => parseTrackerUrl(word), word);
});

test("help: every command has a summary, an example that parses, and fits the screen", () => {
  for (const command of COMMANDS) {
    assert.ok(command.examples.length > 0, command.name);
    for (const { line } of command.examples) {
      const { words } = splitLine(line.split(" < ")[0]!);
      assert.equal(words[0], "shoal");
      const parsed = parseCommandLine(words.slice(1), COMMANDS);
      assert.equal(parsed.type === "run" ? parsed.command.name : "", command.name, line);
    }
    const page = helpPage(command.name, COMMANDS, PLAIN);
    assert.ok(page !== null);
    for (const line of page) assert.ok(line.length <= 80, `${command.name}: ${line}`);
  }
  assert.equal(helpPage("nonsense", COMMANDS, PLAIN), null);
  assert.ok(
    helpPage("", COMMANDS, PLAIN)?.some((line) => line.includes("everything that is done to one transfer")),
  );
});

test("help: every option is declared under the camelCase of its long flag, and no flag twice", () => {
  for (const command of COMMANDS) {
    const seen = new Set<string>();
    for (const [key, spec] of Object.entries(command.options)) {
      const long = /--([a-z0-9-]+)/.exec(spec.flags)?.[1] ?? "";
      assert.equal(
        long.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
        key,
      );
      assert.ok(!seen.has(long), `${command.name} --${long}`);
      seen.add(long);
    }
  }
});

test("start screen: at most 12 lines, five commands", () => {
  const fields = { state: "downloading", name: "x".repeat(99), wanted: 9, have: 3, downRate: 7, upRate: 0 };
  const torrents = Array.from({ length: 9 }, (_, at) => ({ id: at + 1, ...fields }));
  const busy = { pid: 1, torrents } as unknown as Parameters<typeof startScreen>[2];
  for (const now of [null, busy]) {
    const lines = startScreen("9.9.9", PLAIN, now);
    assert.ok(lines.length <= 12);
    for (const line of lines) assert.ok(line.length <= 80, line);
    assert.equal(lines.filter((line) => line.startsWith("  shoal ")).length, 5);
  }
});

test("exit codes: distinct numbers, each with a meaning and a fix; every error leads to one", () => {
  const codes = Object.values(EXIT_CODES).map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length);
  for (const { meaning, fix } of Object.values(EXIT_CODES)) assert.ok(meaning !== "" && fix.endsWith("."));
  for (const name of Object.values(ERROR_EXITS)) assert.ok(name in EXIT_CODES);
  for (const code of Object.keys({ ...ERROR_TABLE, ...API_ERROR_TABLE, ...CLI_ERROR_TABLE }))
    assert.ok(code in ERROR_EXITS, code);
});

test("toFailure: one cleaned sentence with a period, the path named, the right code", () => {
  const disk = Object.assign(new Error("no space left"), {
    code: "ERR_NO_SPACE",
    details: { path: "/x/a\u001b[2Jb" },
  });
  const failure = toFailure(disk);
  assert.equal(failure.exit, 9);
  assert.match(failure.message, /^\/x\/a\ufffd\[2Jb: no space left\. Free some space/);
  const missing = Object.assign(new Error("ENOENT: no such file"), {
    code: "ENOENT",
    syscall: "open",
    path: "/nope",
  });
  assert.deepEqual(toFailure(missing), {
    code: "ERR_FILE_NOT_FOUND",
    exit: 10,
    message: "/nope does not exist. Check the spelling.",
  });
  const refused = Object.assign(new Error('can\'t read "/x/shadow": EACCES'), {
    code: "ERR_DISK",
    details: { path: "/x/shadow", reason: "EACCES" },
  });
  assert.deepEqual(toFailure(refused), {
    code: "ERR_DISK",
    exit: 10,
    message: "/x/shadow can't be opened: permission denied. Choose another place, or change its permissions.",
  });
  assert.equal(toFailure(new TypeError("boom")).exit, 1);
  assert.equal(toFailure(new CliError("ERR_TIMEOUT", "over")).exit, 124);
});

test("every error code that the daemon can answer with stands in a table", () => {
  const known = new Set([...Object.keys(ERROR_TABLE), ...Object.keys(API_ERROR_TABLE)]);
  const found = new Set<string>();
  for (const name of ["daemon", "server"]) {
    const dir = fileURLToPath(new URL(`../../${name}/src/`, import.meta.url));
    for (const file of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts")) continue;
      // Not the codes of Node itself.
      for (const [, code] of readFileSync(join(dir, file), "utf8").matchAll(/"(ERR_(?!HTTP_|HPE_)[A-Z_]+)"/g))
        found.add(code!);
    }
  }
  assert.ok(found.size > 20);
  // Those of a daemon that does not come up.
  for (const code of ["ERR_VERSION", "ERR_IDENTITY", "ERR_PEER_ID", "ERR_FILE_SYSTEM"]) found.delete(code);
  assert.deepEqual(
    [...found].filter((code) => !known.has(code)),
    [],
  );
});

test("each noun says what it is about", () => {
  const nouns = COMMANDS.flatMap(({ name }) => (name.includes(" ") ? [name.split(" ")[0]!] : []));
  assert.deepEqual(new Set(nouns), new Set(Object.keys(NOUNS)));
});
