import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

describe("the life of the workers", () => {
  const run = (
    code: string,
    shell: string = "exec ",
  ): { status: number | null; stdout: string; stderr: string } => {
    const from = (name: string): string => new URL(`../../dist/${name}`, import.meta.url).href;
    const folder = mkdtempSync(join(tmpdir(), "shoal-disk-"));
    const prologue = `
      import { NodeDisk } from ${JSON.stringify(from("node/disk.js"))};
      import { Layout } from ${JSON.stringify(from("meta/layout.js"))};
      const file = { path: ["f"], size: 65536, pad: false, executable: false, hidden: false, symlink: null, piecesRoot: null };
      const disk = new NodeDisk();
      const root = ${JSON.stringify(folder)};
      const storage = disk.open({ layout: new Layout("v1", 65536, [file]), root, paths: ["f"], skipped: new Set(), partPath: root + "/p" });`;
    const options = { input: prologue + code, encoding: "utf8", timeout: 20_000 } as const;
    const { status, stdout, stderr } = spawnSync(
      "sh",
      ["-c", `${shell} "${process.execPath}" --input-type=module -`],
      options,
    );
    rmSync(folder, { recursive: true });
    return { status, stdout, stderr };
  };

  test("a process with idle workers ends by itself, one with work under way waits for it", () => {
    const result = run(`
      disk.write(storage, 0, 0, 0, 65536, (error) => {
        console.log("written", error);
        disk.hash(storage, 0, { sha1: true, merkle: false }, (error, digest) => console.log(digest.sha1.length));
      });`);
    assert.deepEqual(result, { status: 0, stdout: "written null\n20\n", stderr: "" });
  });

  test("a callback that throws is an uncaught error, and the others are still called", () => {
    const result = run(`
      process.on("uncaughtException", (error) => console.log(error.message));
      disk.write(storage, 0, 0, 0, 16384, () => { throw new Error("mine"); });
      disk.write(storage, 0, 16384, 0, 16384, () => console.log("second"));`);
    assert.equal(result.stdout.split("\n").sort().join(), ",mine,second");
  });

  test("shutting down ends the workers and is awaited", () => {
    const result = run(`
      disk.hash(storage, 0, { sha1: true, merkle: false }, (error) => console.log(error.code));
      disk.hash(storage, 1, { sha1: true, merkle: false }, () => {});
      await disk.shutdown();
      console.log("down");
      disk.write(storage, 0, 0, 0, 1, (error) => console.log(error.code));`);
    assert.deepEqual(result, { status: 0, stdout: "ERR_FILE_CHANGED\ndown\nERR_CLOSED\n", stderr: "" });
  });

  test("no worker is started for opening and reading, one for a few files to be made or looked at", () => {
    const result = run(`
            import { writeFileSync } from "node:fs";
      import { subscribe } from "node:diagnostics_channel";
      subscribe("worker_threads", () => console.log("started"));
      writeFileSync(root + "/f", new Uint8Array(65536));
      disk.read(storage, 0, 0, 10, new Uint8Array(10), 0, 16384, 0, async (error) => {
        console.log("read", error);
        disk.forget(storage, 0);
        await disk.sync(storage);
        await disk.prepare(storage);
        console.log((await disk.stat(storage)).length);
        await disk.shutdown();
        console.log("down");
      });`);
    assert.deepEqual(result, { status: 0, stdout: "read null\nstarted\n1\ndown\n", stderr: "" });
  });

  test("where the process may open few files, fewer are kept open", () => {
    const result = run(
      `
      import { writeFileSync } from "node:fs";
      const files = Array.from({ length: 100 }, (_, i) => ({ ...file, path: ["g" + i], size: 100 }));
      const layout = new Layout("v1", 100, files);
      for (const { path } of files) writeFileSync(root + "/" + path[0], path[0].padEnd(100));
      for (const many of [new NodeDisk(), new NodeDisk({ openFiles: 1000 })]) {
        const paths = files.map(({ path }) => path[0]);
        const storage = many.open({ layout, root, paths, skipped: new Set(), partPath: root + "/p" });
        let wrong = 0;
        for (let i = 0; i < 100; i++) {
          const target = Buffer.alloc(100);
          await new Promise((done) => many.read(storage, i, 0, 100, target, 0, 100, 0, (error) => { if (error) console.log(error); done(); }));
          if (target.toString().trim() !== "g" + i) wrong++;
          await new Promise((done) => many.hash(storage, i, { sha1: true, merkle: false }, (error) => { if (error) console.log(error); done(); }));
        }
        console.log(wrong);
        await many.shutdown();
      }`,
      "ulimit -n 80; exec ",
    );
    assert.deepEqual(result, { status: 0, stdout: "0\n0\n", stderr: "" });
  });
});
