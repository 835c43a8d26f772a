import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../bin/shoal.js", import.meta.url));
let dir: string;

function isThere(shell: string): boolean {
  try {
    execFileSync(shell, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function run(shell: string, script: string): string[] {
  const env = {
    ...process.env,
    HOME: dir,
    SHOAL_STATE_DIR: dir,
    SHOAL_CONFIG_DIR: dir,
    PATH: `${dir}${delimiter}${process.env["PATH"] ?? ""}`,
  };
  const options = { env, cwd: dir, encoding: "utf8", timeout: 60_000 } as const;
  return execFileSync(shell, ["-c", script], options).trimEnd().split("\n");
}

before(() => {
  dir = mkdtempSync(join(tmpdir(), "shoal-completion-"));
  writeFileSync(join(dir, "shoal"), `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`, {
    mode: 0o755,
  });
  writeFileSync(join(dir, "a film.mkv"), "");
});
after(() => rmSync(dir, { recursive: true }));

describe("bash", { skip: isThere("bash") ? false : "bash is not installed" }, () => {
  const ask = (words: string): string[] =>
    run(
      "bash",
      `source <(shoal completion bash); COMP_WORDS=(shoal ${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _shoal; printf '%s\\n' "\${COMPREPLY[@]}"`,
    );

  test("offers commands, flags and values", () => {
    assert.deepEqual(ask("torrent cr"), ["create"]);
    assert.deepEqual(ask("get --obfuscation re"), ["require"]);
    assert.ok(ask("config set limits.").includes("limits.slow.up"));
  });

  test("offers files where files may stand", () => {
    assert.deepEqual(ask("send a"), ["a film.mkv"]);
  });
});

describe("zsh", { skip: isThere("zsh") ? false : "zsh is not installed" }, () => {
  // What the completion system of zsh would do with the answer.
  const stubs = 'compdef() {}; _describe() { print -l -- "${candidates[@]}" }; _files() { print FILES };';
  const ask = (words: string): string[] =>
    run("zsh", `${stubs} source <(shoal completion zsh); words=(shoal ${words}); CURRENT=$#words; _shoal`);

  test("offers commands with what they are, and files", () => {
    assert.match(ask("torrent cr")[0]!, /^create:make a/);
    assert.deepEqual(ask("get --obfuscation re"), ["require:"]);
    assert.deepEqual(ask("send ''"), ["FILES"]);
  });
});

describe("fish", { skip: isThere("fish") ? false : "fish is not installed" }, () => {
  const ask = (line: string): string[] =>
    run("fish", `shoal completion fish | source; complete -C ${JSON.stringify(line)}`);

  test("offers commands with what they are, and files", () => {
    assert.match(ask("shoal torrent cr")[0]!, /^create\tmake a/);
    assert.deepEqual(ask("shoal get --obfuscation re"), ["require"]);
    assert.match(ask("shoal send a")[0]!, /a film\.mkv/);
  });
});
