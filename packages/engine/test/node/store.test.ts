import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { NodeStore } from "../../dist/node/store.js";
import { frameRecords, parseRecords, FILE_HEADER } from "../../dist/node/record-file.js";
import type { ShoalError } from "../../dist/base/errors.js";

const stateDir = mkdtempSync(join(tmpdir(), "shoal-store-"));
after(() => rmSync(stateDir, { recursive: true, force: true }));

let keys = 0;
const newKey = (): string => (++keys).toString(16).padStart(40, "0");
const folderOf = (key: string): string => join(stateDir, "torrents", key.slice(0, 2));
const fileOf = (key: string): string => join(folderOf(key), `${key}.resume`);
const texts = (records: readonly Uint8Array[]): string[] =>
  records.map((record) => Buffer.from(record).toString());
const locked = (error: ShoalError): boolean => error.code === "ERR_LOCKED";

describe("small records", () => {
  const path = join(stateDir, "notes.record");

  test("are replaced by what is made of the one before, for their owner only, and read again", async () => {
    const store = new NodeStore(stateDir);
    assert.equal(await store.readRecord("notes"), null);
    await store.updateRecord("notes", (before) => Buffer.from(`${before === null}`));
    await store.updateRecord("notes", (before) => Buffer.from(`${Buffer.from(before!).toString()} again`));
    assert.equal(Buffer.from((await store.readRecord("notes"))!).toString(), "true again");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(
      readdirSync(stateDir).filter((name) => name.startsWith("notes.")),
      ["notes.record"],
    );
  });

  test("that are damaged are refused, and replaced by the next update", async () => {
    const store = new NodeStore(stateDir);
    await store.updateRecord("notes", () => Buffer.from("good"));
    const good = readFileSync(path);
    const isDamaged = (error: ShoalError): boolean => error.code === "ERR_PROTOCOL";
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at]! ^= 1;
      writeFileSync(path, bad);
      await assert.rejects(store.readRecord("notes"), isDamaged, `byte ${at}`);
      writeFileSync(path, good.subarray(0, at));
      await assert.rejects(store.readRecord("notes"), isDamaged, `length ${at}`);
    }
    appendFileSync(path, good);
    await assert.rejects(store.readRecord("notes"), isDamaged);
    await store.updateRecord("notes", (before) => Buffer.from(`${before === null}`));
    assert.equal(Buffer.from((await store.readRecord("notes"))!).toString(), "true");
  });

  test("changed by many at once lose no change", async () => {
    const counts = Array.from({ length: 6 }, () =>
      new NodeStore(stateDir).updateRecord("count", (before) => Uint8Array.of((before?.[0] ?? 0) + 1)),
    );
    await Promise.all(counts);
    assert.deepEqual([...(await new NodeStore(stateDir).readRecord("count"))!], [6]);
  });
});

describe("records", () => {
  test("come back in order, after appending, replacing and appending meanwhile", async () => {
    const key = newKey();
    const store = new NodeStore(stateDir);
    let file = await store.open(key);
    assert.deepEqual(file.records, []);
    file.append(Buffer.from("one"));
    file.append(Buffer.from("two"));
    await file.sync();
    const replaced = file.replace([Buffer.from("both")]);
    file.append(Buffer.from("three"));
    await replaced;
    file.append(Buffer.from("four"));
    await file.close();
    file = await store.open(key);
    assert.deepEqual(texts(file.records), ["both", "three", "four"]);
    assert.equal(statSync(fileOf(key)).mode & 0o077, 0);
    await file.close();
    assert.throws(
      () => file.append(Buffer.from("x")),
      (error: ShoalError) => error.code === "ERR_CLOSED",
    );
    await assert.rejects(file.sync(), (error: ShoalError) => error.code === "ERR_CLOSED");
  });

  test("list names what has records, remove deletes them", async () => {
    const store = new NodeStore(join(stateDir, "other"));
    assert.deepEqual(await store.list(), []);
    const [a, b] = [newKey(), newKey()];
    const first = await store.open(b);
    const second = await store.open(a);
    assert.deepEqual(await store.list(), []);
    for (const file of [first, second]) file.append(Buffer.from("something"));
    assert.deepEqual(await store.list(), [a, b]);
    await first.remove();
    await second.close();
    assert.deepEqual(await store.list(), [a]);
    assert.deepEqual(readdirSync(join(stateDir, "other", "torrents", "00")), [`${a}.resume`]);
    await assert.rejects(store.open("../etc"), (error: ShoalError) => error.code === "ERR_INVALID_ARGUMENT");
  });

  test("have a file from the first of them on, which is open only until it is on stable storage", async () => {
    const key = newKey();
    const openFiles = (): string[] =>
      readdirSync("/proc/self/fd").flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/self/fd/${fd}`)].filter((path) => path.includes(key));
        } catch {
          return [];
        }
      });
    const store = new NodeStore(stateDir);
    const file = await store.open(key);
    assert.equal(existsSync(fileOf(key)), false);
    file.append(Buffer.from("one"));
    if (process.platform === "linux") assert.equal(openFiles().length, 1);
    await file.sync();
    assert.equal(process.platform === "linux" ? openFiles().length : 0, 0);
    await file.replace([Buffer.from("two")]);
    const syncing = file.sync();
    file.append(Buffer.from("three"));
    await syncing;
    await file.sync();
    assert.equal(process.platform === "linux" ? openFiles().length : 0, 0);
    // Somebody deletes it: what came later alone would be no records of this torrent.
    rmSync(fileOf(key));
    assert.throws(() => file.append(Buffer.from("four")), /resume/);
    await file.replace([Buffer.from("all")]);
    file.append(Buffer.from("five"));
    await file.close();
    assert.deepEqual(texts(await store.peek(key)), ["all", "five"]);
  });

  test("those that begin alike are found without a look at the others", async () => {
    const many = join(stateDir, "many");
    const store = new NodeStore(many);
    const keys = [`ab12${"0".repeat(36)}`, `ab12${"1".repeat(36)}`, `ab34${"0".repeat(36)}`, "c".repeat(40)];
    for (const key of keys) {
      const file = await store.open(key);
      file.append(Buffer.from(key));
      await file.close();
    }
    assert.deepEqual(await store.list("ab12"), keys.slice(0, 2));
    assert.deepEqual(await store.list("a"), keys.slice(0, 3));
    assert.deepEqual(await store.list(), keys);
    assert.deepEqual(await store.list("ff"), []);
    // A folder that can't be read is none of the business of who asks for others.
    rmSync(join(many, "torrents", "cc"), { recursive: true });
    writeFileSync(join(many, "torrents", "cc"), "");
    assert.deepEqual(await store.list("ab12"), keys.slice(0, 2));
    await assert.rejects(store.list(), /cc/);
  });

  test("a torn tail is cut off, and what is appended then follows the last whole record", async () => {
    const store = new NodeStore(stateDir);
    const whole = frameRecords([Buffer.from("first"), Buffer.from("second")]);
    for (const tail of [
      Buffer.alloc(4096),
      Buffer.from([0, 0, 0, 9, 1, 2]),
      frameRecords([Buffer.from("bad")]).fill(1, 9),
    ]) {
      const key = newKey();
      mkdirSync(folderOf(key), { recursive: true });
      writeFileSync(fileOf(key), Buffer.concat([FILE_HEADER, whole]));
      appendFileSync(fileOf(key), tail);
      const file = await store.open(key);
      assert.deepEqual(texts(file.records), ["first", "second"]);
      file.append(Buffer.from("third"));
      await file.close();
      const again = await store.open(key);
      assert.deepEqual(texts(again.records), ["first", "second", "third"]);
      await again.close();
    }
    const key = newKey();
    writeFileSync(fileOf(key), "something else altogether");
    const foreign = await store.open(key);
    assert.deepEqual(foreign.records, []);
    foreign.append(Buffer.from("new"));
    await foreign.close();
    assert.deepEqual(texts(parseRecords(readFileSync(fileOf(key))).records), ["new"]);
  });

  test("any prefix of a file gives a prefix of its records", () => {
    const record = fc.uint8Array({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), fc.nat(), (records, cut) => {
        const bytes = Buffer.concat([FILE_HEADER, frameRecords(records)]);
        const length = cut % (bytes.length + 1);
        const parsed = parseRecords(bytes.subarray(0, length));
        assert.deepEqual(
          parsed.records.map((found) => [...found]),
          records.slice(0, parsed.records.length).map((kept) => [...kept]),
        );
        assert.ok(parsed.end <= length);
        if (length === bytes.length) assert.equal(parsed.records.length, records.length);
      }),
    );
  });
});

/** Opens a store in another process and tells how that went. */
function openElsewhere(key: string): ChildProcess {
  const url = new URL("../../dist/node/store.js", import.meta.url).href;
  const code = `
    import { NodeStore } from ${JSON.stringify(url)};
    const result = await new NodeStore(${JSON.stringify(stateDir)}).open("${key}").then(() => "open", (error) => error.code);
    process.stdout.write(result);
    process.stdin.resume().on("end", () => process.exit());`;
  return spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["pipe", "pipe", "inherit"] });
}

async function answerOf(child: ChildProcess): Promise<string> {
  const [data] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return data.toString();
}

describe("the lock", () => {
  test("keeps a second opener out, in this process and in others, until it is released", async () => {
    const key = newKey();
    const store = new NodeStore(stateDir);
    const file = await store.open(key);
    await assert.rejects(store.open(key), locked);
    const loser = openElsewhere(key);
    assert.equal(await answerOf(loser), "ERR_LOCKED");
    loser.stdin?.end();
    await once(loser, "exit");
    await file.close();
    const winner = openElsewhere(key);
    assert.equal(await answerOf(winner), "open");
    await assert.rejects(
      store.open(key),
      (error: ShoalError) => locked(error) && error.details["pid"] === winner.pid,
    );
    winner.kill("SIGKILL");
    await once(winner, "exit");
    await (await store.open(key)).remove();
    assert.ok(!readdirSync(folderOf(key)).some((name) => name.startsWith(key)));
  });

  test("a process id that was given out again doesn't keep it, nor one from before a restart", async () => {
    const key = newKey();
    const store = new NodeStore(stateDir);
    await (await store.open(key)).close();
    const boot = store.bootId.replace(/[^0-9a-z]/g, "").slice(0, 16);
    const stale = [
      `${key}.${boot}-${process.ppid}-1.lock`,
      `${key}.${boot}-4194999-1.lock`,
      `${key}.0123-${process.ppid}-1.lock`,
    ];
    for (const name of stale) writeFileSync(join(folderOf(key), name), "");
    const file = await store.open(key);
    for (const name of stale) assert.ok(!existsSync(join(folderOf(key), name)), name);
    await file.close();
  });

  test("of several that come at once, at most one gets in", async () => {
    const key = newKey();
    const children = Array.from({ length: 4 }, () => openElsewhere(key));
    const answers = await Promise.all(children.map(answerOf));
    const exits = children.map((child) => once(child, "exit"));
    for (const child of children) child.stdin?.end();
    await Promise.all(exits);
    assert.ok(answers.filter((answer) => answer === "open").length <= 1, answers.join());
    assert.ok(
      answers.every((answer) => answer === "open" || answer === "ERR_LOCKED"),
      answers.join(),
    );
  });
});
