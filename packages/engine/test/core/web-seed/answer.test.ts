import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { judgeAnswer } from "../../../dist/core/web-seed/answer.js";

const WANTED = { from: 100, to: 200, fileSize: 5_000_000 };

function judge(status: number, headers: Record<string, string>, wanted: typeof WANTED = WANTED) {
  return judgeAnswer({ status, headers: new Map(Object.entries(headers)) }, wanted);
}

describe("judgeAnswer", () => {
  test("takes exactly what was asked for", () => {
    const range = { "content-range": "bytes 100-199/5000000" };
    const take = { kind: "take", skip: 0, length: 100 };
    assert.deepEqual(judge(206, range), take);
    assert.deepEqual(judge(206, { ...range, "content-length": "100" }), take);
    assert.deepEqual(judge(206, { "content-range": "bytes 100-199/*" }), take);
  });

  test("takes the beginning of it, when the server sends less", () => {
    assert.deepEqual(judge(206, { "content-range": "bytes 100-149/5000000" }), {
      kind: "take",
      skip: 0,
      length: 50,
    });
  });

  const BROKEN = [
    {},
    { "content-range": "bytes 0-99/5000000" },
    { "content-range": "bytes 100-200/5000000" },
    { "content-range": "bytes 100-99/5000000" },
    { "content-range": "bytes 100-199" },
    { "content-range": "bytes */5000000" },
    { "content-range": "bytes 100-199/5000000", "content-length": "99" },
    { "content-range": "bytes 100-199/5000000", "content-encoding": "gzip" },
    { "content-type": "multipart/byteranges; boundary=x" },
    { "content-range": `bytes 100-199/${"9".repeat(400)}` },
  ];
  for (const headers of BROKEN)
    test(`does not believe ${JSON.stringify(headers).slice(0, 90)}`, () => {
      assert.equal(judge(206, headers).kind, "failed");
    });

  test("a file of another size is not the file", () => {
    assert.equal(judge(206, { "content-range": "bytes 100-199/4999999" }).kind, "no-file");
    assert.equal(judge(200, { "content-length": "4999999" }).kind, "no-file");
    assert.equal(judge(416, {}).kind, "no-file");
  });

  for (const status of [401, 403, 404, 410])
    test(`${status}: the file is not there`, () => assert.equal(judge(status, {}).kind, "no-file"));

  test("of a whole file a part is taken if it is small, or the part is its beginning", () => {
    const all = { from: 0, to: 5_000_000, fileSize: 5_000_000 };
    assert.deepEqual(judge(200, {}, all), { kind: "take", skip: 0, length: 5_000_000 });
    assert.deepEqual(judge(200, {}), { kind: "take", skip: 100, length: 100 });
    assert.deepEqual(judge(200, {}, { ...all, to: 10 }), { kind: "take", skip: 0, length: 10 });
    assert.equal(judge(200, {}, { ...all, from: 16_384 }).kind, "whole-files");
    assert.equal(judge(200, { "content-length": "4999999" }, { ...all, from: 3_000_000 }).kind, "no-file");
    assert.deepEqual(judge(200, {}, { from: 100, to: 200, fileSize: 300 }), {
      kind: "take",
      skip: 100,
      length: 100,
    });
  });

  test("a busy server says when to come again, in seconds or by its own clock", () => {
    const after = (headers: Record<string, string>) => {
      const verdict = judge(503, headers);
      return verdict.kind === "busy" ? verdict.afterMs : undefined;
    };
    assert.equal(after({}), null);
    assert.equal(after({ "retry-after": "7" }), 7000);
    assert.equal(after({ "retry-after": "soon" }), null);
    const date = "Wed, 21 Oct 2015 07:28:00 GMT";
    assert.equal(after({ date, "retry-after": "Wed, 21 Oct 2015 07:30:00 GMT" }), 120_000);
    assert.equal(after({ date, "retry-after": "Wed, 21 Oct 2015 07:20:00 GMT" }), 0);
    assert.equal(judge(429, {}).kind, "busy");
  });

  for (const status of [100, 204, 302, 500, 502])
    test(`${status} is a failure`, () => assert.equal(judge(status, {}).kind, "failed"));
});
