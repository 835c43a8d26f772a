import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ClockEvidence } from "../../dist/core/clock-evidence.js";

const NOW = Date.UTC(2026, 0, 31);
const HOUR_MS = 3_600_000;

describe("ClockEvidence", () => {
  test("nothing speaks against a clock of which nobody says anything, or that is right to within minutes", () => {
    const evidence = new ClockEvidence();
    assert.equal(evidence.trouble, null);
    evidence.onDate("a", NOW - 60_000, NOW);
    evidence.onDate("b", NOW + 60_000, NOW);
    assert.equal(evidence.trouble, null);
  });

  test("one server with another time may be wrong itself; two that agree are believed, and one whose certificate is not valid here", () => {
    const evidence = new ClockEvidence();
    evidence.onDate("a", NOW, NOW + HOUR_MS);
    assert.equal(evidence.trouble, null);
    evidence.onDate("b", NOW, NOW + HOUR_MS + 1_000);
    assert.deepEqual(evidence.trouble, { aheadMs: HOUR_MS + 1_000, host: "b" });
    const other = new ClockEvidence();
    other.onDate("a", NOW, NOW - HOUR_MS);
    other.onCertificate("c", "not-yet-valid");
    assert.deepEqual(other.trouble, { aheadMs: -HOUR_MS, host: "a" });
  });

  test("the most of them decide", () => {
    const evidence = new ClockEvidence();
    for (const host of ["a", "b", "c"]) evidence.onDate(host, NOW, NOW);
    evidence.onDate("d", NOW, NOW + HOUR_MS);
    assert.equal(evidence.trouble, null);
    for (const host of ["a", "b", "c"]) evidence.onDate(host, NOW, NOW + HOUR_MS);
    assert.deepEqual(evidence.trouble, { aheadMs: HOUR_MS, host: "b" });
  });

  test("a certificate from the future speaks for itself, expired ones only when there are several", () => {
    const evidence = new ClockEvidence();
    evidence.onCertificate("a", "expired");
    evidence.onCertificate("b", "expired");
    assert.equal(evidence.trouble, null);
    evidence.onCertificate("c", "expired");
    assert.deepEqual(evidence.trouble, { aheadMs: null, host: "a" });
    evidence.onCertificate("a", null);
    assert.equal(evidence.trouble, null);
    evidence.onCertificate("d", "not-yet-valid");
    assert.deepEqual(evidence.trouble, { aheadMs: null, host: "d" });
  });

  test("a clock that others confirm is right whatever a certificate says", () => {
    const evidence = new ClockEvidence();
    evidence.onCertificate("a", "not-yet-valid");
    evidence.onDate("b", NOW, NOW);
    assert.equal(evidence.trouble, null);
  });

  test("remembers a bounded number of hosts", () => {
    const evidence = new ClockEvidence();
    for (let i = 0; i < 1_000; i++) evidence.onDate(`host${i}`, NOW, NOW);
    assert.equal(evidence.witnesses, 32);
  });
});
