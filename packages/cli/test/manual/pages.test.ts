import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { SETTING_KEYS } from "@shoal/schema/settings";
import { COMMANDS } from "../../dist/commands/table.js";
import { configPage } from "../../dist/manual/config-page.js";
import { programPage } from "../../dist/manual/program-page.js";

const program = programPage(COMMANDS, "1.2.3");
const config = configPage("1.2.3");

/** As it is shown, without the page's head and foot and with single blanks; null where there is no mandoc. */
function shown(roff: string, ...flags: string[]): string | null {
  try {
    const input = { input: roff, encoding: "utf8" } as const;
    return execFileSync("mandoc", ["-T", "utf8", "-O", "width=200", ...flags], input).replace(/.\u0008/g, "");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

describe("manual", { skip: shown("") === null ? "mandoc is not installed" : false }, () => {
  test("every command is in it, with its flags and an example", () => {
    const text = shown(program)!.replace(/\s+/g, " ");
    for (const { name, options, examples, hidden } of COMMANDS) {
      if (hidden === true) continue;
      assert.ok(text.includes(` shoal ${name}`), name);
      for (const spec of Object.values(options)) {
        if (!spec.hidden) assert.ok(text.includes(spec.flags), `${name} ${spec.flags}`);
      }
      for (const { line } of examples)
        assert.ok(text.includes(line.replace(/\s+/g, " ").replaceAll("…", "...")), line);
    }
  });

  test("every setting is in its page", () => {
    const text = shown(config)!;
    for (const key of SETTING_KEYS) assert.ok(text.includes(key), key);
  });

  test("the pages are as their readers want them", () => {
    for (const page of [program, config]) {
      const { stdout } = spawnSync("mandoc", ["-T", "lint", "-W", "warning"], {
        input: page,
        encoding: "utf8",
      });
      // Pages without a date are the same on each machine.
      const told = stdout.split("\n").filter((line) => line !== "" && !line.includes("missing date"));
      assert.deepEqual(told, []);
    }
  });
});

test("nothing that is said can become a request of roff", () => {
  for (const page of [program, config]) {
    for (const line of page.split("\n")) {
      if (line.startsWith(".")) assert.match(line, /^\.(?:TH|SH|SS|PP|TP|B|nf|fi|RS|RE)\b/);
      assert.ok(!line.startsWith("'"), line);
    }
  }
});
