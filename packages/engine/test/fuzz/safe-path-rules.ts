import assert from "node:assert/strict";
import { utf8 } from "../../dist/base/bytes.js";
import type { LayoutEntry } from "../../dist/meta/layout.js";
import { MAX_COMPONENT_BYTES } from "../../dist/meta/path-policy.js";

/** What must hold for paths on disk, said in other words than the path policy says it. */
export function checkSafePaths(paths: readonly string[], files: readonly LayoutEntry[]): void {
  assert.equal(paths.length, files.length);
  const seen = new Set<string>();
  const folders = new Set<string>();
  paths.forEach((path, at) => {
    if (files[at]!.pad) return;
    const parts = path.split("/");
    for (const part of parts) {
      if (part === "" || part === "." || part === "..") assert.fail(`a component "${part}"`);
      if (utf8(part).length > MAX_COMPONENT_BYTES) assert.fail("a component is too long");
      if (/[\\:*?"<>|\0-\x1f\x7f\u202e\ud800-\udfff]/u.test(part))
        assert.fail(`a forbidden character in "${part}"`);
      if (/[. ]$/.test(part)) assert.fail(`a dot or blank ends "${part}"`);
      if (/^(con|prn|aux|nul|com[1-9]|lpt[1-9])(\.|$)/i.test(part)) assert.fail(`"${part}" is a device`);
    }
    const folded = path.normalize("NFC").toLowerCase();
    assert.ok(!seen.has(folded), `two files are "${path}"`);
    seen.add(folded);
    for (let depth = 1; depth < parts.length; depth++)
      folders.add(parts.slice(0, depth).join("/").normalize("NFC").toLowerCase());
  });
  for (const folder of folders) assert.ok(!seen.has(folder), `"${folder}" is a file and a folder`);
}
