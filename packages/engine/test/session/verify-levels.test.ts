import assert from "node:assert/strict";
import {
  copyFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { CreatedTorrent, TorrentEvent, VerifyLevel } from "@shoal/engine";
import { type Payload, poll } from "@shoal/testkit";
import { decodeResumeRecord } from "../../dist/core/resume-record.js";
import { parseRecords } from "../../dist/node/record-file.js";
import { SessionScene, type Watched } from "./session-scene.ts";

const PIECE = 65_536;
/** Whole seconds can be set again exactly. */
const WHEN = 1_700_000_000;
const SPEC = { name: "file", size: 40 * PIECE + 100, seed: 7 };

/** A share that is started again and again with the same state folder. */
class Share {
  readonly #scene: SessionScene;
  readonly #made: Payload & CreatedTorrent;
  readonly #stateDir: string;

  constructor(scene: SessionScene, made: Payload & CreatedTorrent) {
    this.#scene = scene;
    this.#made = made;
    this.#stateDir = scene.folder("state");
  }

  get file(): string {
    return this.#made.path;
  }

  /** Pieces that were claimed and pieces that were hashed, with the reason. */
  async start(verify?: VerifyLevel): Promise<string> {
    const session = await this.#scene.session({ stateDir: this.#stateDir, ...(verify && { verify }) });
    const share = await this.#scene.add(session, {
      metainfo: this.#made.metainfo,
      downloadDir: this.#made.dir,
      seedOnly: true,
    });
    await share.until("state", ({ state }) => state !== "checking");
    const { piecesHave } = share.torrent.stats();
    await session.close();
    return `${piecesHave} there, ${checksOf(share)}`;
  }
}

function checksOf({ events }: Watched): string {
  const checks = events.filter(
    (event): event is Extract<TorrentEvent, { type: "checked" }> => event.type === "checked",
  );
  const last = checks.at(-1);
  return last === undefined ? "none hashed" : `${last.checkedPieces} hashed (${last.reason})`;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
}

test("a share's second start believes what was recorded, as far as it is told to", async (t) => {
  const scene = new SessionScene(t);
  const share = new Share(scene, await scene.payload(SPEC, { kind: "hybrid", pieceLength: PIECE }));
  utimesSync(share.file, WHEN, WHEN);
  assert.equal(await share.start(), "41 there, 41 hashed (new)");
  assert.equal(await share.start(), "41 there, none hashed");
  assert.equal(await share.start("none"), "41 there, none hashed");
  assert.equal(await share.start("sample"), "41 there, 9 hashed (sample)");
  assert.equal(await share.start("full"), "41 there, 41 hashed (asked)");

  // Bytes rot where neither size nor time tells.
  flip(share.file, 5);
  utimesSync(share.file, WHEN, WHEN);
  assert.equal(await share.start("stat"), "41 there, none hashed");
  assert.equal(
    await share.start("sample"),
    "40 there, 41 hashed (sample)",
    "the first piece is in every sample",
  );

  // Repaired: time tells.
  flip(share.file, 5);
  assert.equal(await share.start("stat"), "41 there, 41 hashed (changed)");

  // The same bytes in another file.
  copyFileSync(share.file, `${share.file}.copy`);
  renameSync(`${share.file}.copy`, share.file);
  assert.equal(await share.start("none"), "41 there, none hashed");
  assert.equal(
    await share.start("stat"),
    "41 there, none hashed",
    "what was believed is recorded with the new file",
  );

  rmSync(share.file);
  assert.equal(await share.start("none"), "0 there, none hashed");
});

test("two processes share the same folder: the second does without records", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(SPEC, { kind: "v1", pieceLength: PIECE });
  const stateDir = scene.folder("state");
  const options = { metainfo: made.metainfo, downloadDir: made.dir, seedOnly: true };
  const first = await scene.add(await scene.session({ stateDir }), options);
  await first.until("complete");
  const second = await scene.add(await scene.session({ stateDir }), options);
  await second.until("complete");
  assert.equal(checksOf(second), "41 hashed (new)");
});

test("a share that was killed has its files compared by size and time, too", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(SPEC, { kind: "v1", pieceLength: PIECE });
  const stateDir = scene.folder("state");
  const options = { metainfo: made.metainfo, downloadDir: made.dir, seedOnly: true };
  const session = await scene.session({ stateDir });
  await (await scene.add(session, options)).until("complete");
  const journal = join(stateDir, "torrents");
  // The record of the files is written as soon as they are safe; a copy of it is what a kill leaves.
  const killed = scene.folder("killed");
  const names = readdirSync(journal, { recursive: true, encoding: "utf8" });
  const path = join(
    journal,
    names.find((one) => one.endsWith(".resume"))!,
  );
  const last = (): string => decodeResumeRecord(parseRecords(readFileSync(path)).records.at(-1)!).type;
  await poll("the files are recorded", () => last() === "stop");
  cpSync(journal, join(killed, "torrents"), { recursive: true, filter: (path) => !path.endsWith(".lock") });
  await session.close();
  flip(made.path, 100);
  const next = await scene.add(await scene.session({ stateDir: killed }), options);
  await next.until("state", ({ state }) => state !== "checking");
  assert.equal(next.torrent.stats().piecesHave, 40);
});
