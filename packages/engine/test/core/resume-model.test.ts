import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ResumeState } from "../../dist/core/resume.js";
import type { FoundFile, ResumeVerdict } from "../../dist/core/resume-judge.js";
import { Layout } from "../../dist/meta/layout.js";
import { FILE_HEADER, frameRecords, parseRecords } from "../../dist/node/record-file.js";

const BLOCK = 16_384;
const plain = { pad: false, executable: false, hidden: false, symlink: null, piecesRoot: null };
/** Three files, one piece of each pair of neighbours shared. */
const layout = new Layout(
  "v1",
  2 * BLOCK,
  [3, 4, 4].map((blocks, index) => ({ ...plain, path: [`f${index}`], size: blocks * BLOCK })),
);
const PIECES = layout.pieceCount;
const about = { v1: new Uint8Array(20), v2: null, addedAt: 1 };

/**
 * A machine with a page cache, on which processes download, crash and stop. It keeps its own account of which pieces are
 * really there, and holds every verdict against it.
 */
class World {
  /** What a read would find: true where the right bytes are. */
  cache: boolean[] = new Array<boolean>(PIECES).fill(false);
  /** What is left after a loss of power. */
  stable: boolean[] = new Array<boolean>(PIECES).fill(false);
  inodes: number[] = [1, 2, 3];
  times: number[] = [0, 0, 0];
  boot = 1;
  journal: Uint8Array[] = [];
  /** Records that a loss of power can't take. */
  journalStable = 0;
  /** Pieces that this process has written and not synced. */
  dirty: Set<number> = new Set();
  syncing: number[] | null = null;
  /** Pages that the system gave up on: it takes them for clean, and no sync writes them. */
  given: Set<number> = new Set();
  verified: Set<number> = new Set();
  state: ResumeState = ResumeState.create(about, "boot 1");

  constructor() {
    const paths = layout.files.map((file) => file.path.join("/"));
    this.state.setPlace({ pieceCount: PIECES, root: "/r", partPath: "/p", paths, skipped: [] }, layout);
    this.tellInodes();
    this.append();
  }

  tellInodes(): void {
    this.state.addFiles(this.inodes.map((inode, index) => ({ index, inode, ours: true })));
  }

  append(): void {
    this.journal.push(...this.state.drain());
  }

  /** The files look whole however much of their bytes was lost: the worst case. */
  found(): FoundFile[] {
    return layout.files.map(({ index, size }) => {
      return { size, modifiedMs: this.times[index] as number, inode: this.inodes[index] as number };
    });
  }

  piecesOf(file: number): number[] {
    const { firstPiece, endPiece } = layout.files[file] as (typeof layout.files)[number];
    return Array.from({ length: endPiece - firstPiece }, (_, i) => firstPiece + i);
  }

  write(piece: number): void {
    this.state.beginWriting();
    if (this.verified.delete(piece)) this.state.unverified([piece]);
    this.append();
    this.cache[piece] = true;
    this.dirty.add(piece);
    this.given.delete(piece);
    for (const file of layout.filesInPiece(piece))
      this.times[file.index] = (this.times[file.index] as number) + 1;
  }

  verify(piece: number): void {
    if (!this.cache[piece]) return;
    this.verified.add(piece);
    this.state.verified([piece]);
    this.append();
  }

  /** Both blocks of a piece lie on disk unverified. */
  blocks(piece: number): void {
    if (this.verified.has(piece)) return;
    this.write(piece);
    this.state.blocks(piece, Uint8Array.of(0xc0));
    this.append();
  }

  mark(): void {
    const everything = this.state.mark();
    this.append();
    this.syncing = everything ? [...this.cache.keys()].filter((piece) => this.cache[piece]) : [...this.dirty];
    this.dirty = new Set();
  }

  synced(): void {
    for (const piece of this.syncing ?? []) {
      if (!this.given.has(piece)) this.stable[piece] = this.cache[piece] === true;
    }
    if (this.syncing !== null) this.state.barrier();
    this.append();
    this.syncing = null;
  }

  /** The sync fails; whatever was not on stable storage may be among what the system gives up on. */
  syncFailed(): void {
    if (this.syncing === null) return;
    for (let piece = 0; piece < PIECES; piece++) if (!this.stable[piece]) this.given.add(piece);
    this.state.syncFailed();
    this.append();
    this.syncing = null;
  }

  stop(): void {
    this.synced();
    this.mark();
    this.synced();
    this.state.stop(this.found().map((file, index) => ({ index, ...file })));
    this.append();
    this.journalStable = this.journal.length;
  }

  /** Somebody changes a file behind our back while no process runs. */
  tamper(file: number, newInode: boolean): void {
    for (const piece of this.piecesOf(file)) this.cache[piece] = this.stable[piece] = false;
    this.times[file] = (this.times[file] as number) + 0.5;
    if (newInode) this.inodes[file] = (this.inodes[file] as number) + 10;
  }

  restart(): void {
    const state = ResumeState.load(this.journal, `boot ${this.boot}`);
    assert.ok(state !== null && !state.isDamaged);
    this.state = state;
    this.dirty = new Set();
    this.syncing = null;
    const verdict = state.judge(layout, this.found());
    this.check(verdict);
    this.verified = new Set(verdict.claimed);
    this.tellInodes();
    this.append();
  }

  check(verdict: ResumeVerdict): void {
    for (const piece of verdict.claimed) {
      assert.ok(this.cache[piece], `piece ${piece} is claimed and not there`);
      assert.ok(!verdict.recheck.get(piece));
    }
    for (const piece of verdict.masks.keys()) {
      assert.ok(this.cache[piece], `blocks of piece ${piece} are claimed and not there`);
      assert.ok(!verdict.claimed.get(piece));
    }
  }

  /** A killed process loses nothing: neither pages nor records. */
  kill(): void {
    const before = new Set(this.verified);
    this.restart();
    assert.deepEqual(this.verified, before);
  }

  /** The machine stops: pages and the end of the journal may be lost, torn in the middle of a record. */
  powerLoss(choice: number): void {
    this.boot++;
    this.cache = [...this.stable];
    this.given.clear();
    const sure = frameRecords(this.journal.slice(0, this.journalStable)).length;
    const bytes = Buffer.concat([FILE_HEADER, frameRecords(this.journal)]);
    const least = FILE_HEADER.length + sure;
    // Often the journal is luckier than the data: that is when it might lie.
    const kept = choice % 2 === 0 ? bytes.length : least + (choice % (bytes.length - least + 1));
    this.journal = parseRecords(bytes.subarray(0, kept)).records;
    this.journalStable = this.journal.length;
    const durable = [...this.verified].filter((piece) => !this.stable[piece]);
    this.restart();
    for (const piece of durable) assert.ok(!this.verified.has(piece));
  }
}

test("no history of crashes makes a journal claim what is not on disk", () => {
  const step = fc.record({
    what: fc.constantFrom(
      ...([
        "write",
        "write",
        "write",
        "verify",
        "verify",
        "verify",
        "blocks",
        "mark",
        "synced",
        "syncFailed",
        "journal",
        "compact",
      ] as const),
      ...(["kill", "power", "stop", "tamper", "replace"] as const),
    ),
    piece: fc.nat({ max: PIECES - 1 }),
    choice: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
      const world = new World();
      world.journalStable = world.journal.length;
      for (const { what, piece, choice } of steps) {
        if (what === "write") world.write(piece);
        else if (what === "verify") world.verify(piece);
        else if (what === "blocks") world.blocks(piece);
        else if (what === "mark" && world.syncing === null) world.mark();
        else if (what === "synced") world.synced();
        else if (what === "syncFailed") world.syncFailed();
        else if (what === "journal") world.journalStable = world.journal.length;
        else if (what === "compact") {
          world.journal = world.state.snapshot();
          world.journalStable = world.journal.length;
        } else if (what === "kill") world.kill();
        else if (what === "power") world.powerLoss(choice);
        else if (what === "stop") {
          world.stop();
          world.kill();
        } else if (what === "tamper") {
          world.stop();
          world.tamper(choice % 3, false);
          world.restart();
        } else if (what === "replace") {
          world.tamper(choice % 3, true);
          world.restart();
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("a snapshot gives the verdict that the whole journal gives", () => {
  const step = fc.record({
    what: fc.nat({ max: 11 }),
    pieces: fc.subarray([0, 1, 2, 3, 4, 5], { minLength: 1 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: "max" }), fc.nat({ max: 2 }), (steps, boot) => {
      const world = new World();
      for (const { what, pieces } of steps) {
        const { state } = world;
        if (what < 3) state.verified(pieces);
        else if (what === 3) state.unverified(pieces);
        else if (what === 4) state.blocks(pieces[0] as number, Uint8Array.of(0x40));
        else if (what < 7) state.mark();
        else if (what === 7) state.barrier();
        else if (what === 8) state.found(pieces);
        else if (what === 11) state.syncFailed();
        else if (what === 9) state.stop(world.found().map((file, index) => ({ index, ...file })));
        else {
          world.append();
          world.state = ResumeState.load(world.journal, `boot ${pieces.length % 2}`) as ResumeState;
        }
        world.append();
      }
      // A sync that is under way must end the same way for both.
      const ends = [[], ["barrier"], ["mark", "barrier"]][boot] as string[];
      const verdicts = [world.journal, world.state.snapshot()].map((records) => {
        return ["boot 0", "boot 1", "boot 9"].map((bootId) => {
          const state = ResumeState.load(records, "boot 1") as ResumeState;
          for (const end of ends) {
            if (end === "mark") state.mark();
            else state.barrier();
          }
          const all = [...records, ...state.drain()];
          const { claimed, recheck, masks } = (ResumeState.load(all, bootId) as ResumeState).judge(
            layout,
            world.found(),
          );
          return [[...claimed], [...recheck], [...masks].sort(([a], [b]) => a - b)];
        });
      });
      assert.deepEqual(verdicts[1], verdicts[0]);
    }),
    { numRuns: 300 },
  );
});
