import { openDisk } from "@shoal/engine";
import type { Disk, StorageSpec } from "@shoal/engine";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { withStage } from "../scene.ts";
import { median } from "../statistics.ts";
import type { EngineParts } from "./engine-parts.ts";
import { plainFile } from "./engine-parts.ts";

/** Bytes through the disk port: its speed and what it costs in CPU on all threads. */
export interface DiskMeasured {
  readonly name: string;
  readonly bytesPerSecond: number;
  readonly cpuSecondsPerGib: number;
  readonly target: string;
}

const BYTES = 256 * 2 ** 20;
const PIECE = 2 ** 20;
const RUNS = 5;
const READS_UNDER_WAY = 4;
const READ_BYTES = 262_144;
const BLOCK = 16_384;
const HEADER = 13;

type Kinds = { readonly sha1: boolean; readonly merkle: boolean };

/** Writing and hashing as a download does, reading as an upload does, and hashing what is there. */
export async function measureDisk(parts: EngineParts): Promise<DiskMeasured[]> {
  const found: DiskMeasured[] = [];
  await withStage("disk", async (stage) => {
    const note = async (name: string, target: string, run: () => Promise<void>): Promise<void> => {
      const times: { wall: number; cpu: number }[] = [];
      for (let i = 0; i < RUNS; i++) {
        const cpu = process.cpuUsage();
        const startedAt = performance.now();
        await run();
        const { user, system } = process.cpuUsage(cpu);
        times.push({ wall: (performance.now() - startedAt) / 1000, cpu: (user + system) / 1e6 });
      }
      found.push({
        name,
        bytesPerSecond: BYTES / median(times.map(({ wall }) => wall)),
        cpuSecondsPerGib: median(times.map(({ cpu }) => cpu)) / (BYTES / 2 ** 30),
        target,
      });
    };
    const rows: readonly [string, string, Kinds, string][] = [
      ["disk: write and SHA-1 (v1)", "v1", { sha1: true, merkle: false }, "~0.75 CPU s"],
      ["disk: write and leaves (v2)", "v2", { sha1: false, merkle: true }, "~0.85 CPU s"],
      ["disk: write and both (hybrid)", "hybrid", { sha1: true, merkle: true }, "~1.4 CPU s"],
    ];
    for (const [name, kind, kinds, target] of rows) {
      const spec = specOf(parts, kind, stage.folder("disk"));
      const disk = openDisk();
      await writeAll(disk, spec, kinds);
      await note(name, target, async () => {
        // A fresh file each time, as in a download: the kernel has to find its pages.
        await rm(join(spec.root, "file.bin"));
        await writeAll(disk, spec, kinds);
      });
      if (kind !== "hybrid")
        await note(`disk: hash only (${kind})`, "~0.7 CPU s", () => hashAll(disk, spec, kinds));
      if (kind === "v1") await note("disk: read between headers", "~0.15 CPU s", () => readAll(disk, spec));
      await disk.shutdown();
    }
  });
  return found;
}

function specOf(parts: EngineParts, kind: string, root: string): StorageSpec {
  const layout = new parts.Layout(kind, PIECE, [
    plainFile(["file.bin"], BYTES),
  ]) as unknown as StorageSpec["layout"];
  return { layout, root, paths: ["file.bin"], skipped: new Set(), partPath: join(root, "part") };
}

/** Fills slots of the arena and lets whole pieces go through the workers, as many at a time as there is room for. */
async function writeAll(disk: Disk, spec: StorageSpec, kinds: Kinds): Promise<void> {
  const storage = disk.open(spec);
  await disk.prepare(storage);
  const runs = PIECE / disk.slotBytes;
  const lanes = Math.floor(disk.slotCount / runs);
  await inLanes(spec.layout.pieceCount, lanes, async (piece, lane) => {
    await new Promise<void>((resolve, reject) => {
      const done = (error: Error | null): void => {
        if (error !== null) reject(error);
      };
      for (let run = 0; run < runs; run++) {
        const offset = (lane * runs + run) * disk.slotBytes;
        disk.write(storage, piece, run * disk.slotBytes, offset, disk.slotBytes, done);
      }
      disk.hash(storage, piece, kinds, (error) => (error === null ? resolve() : reject(error)));
    });
  });
  await disk.close(storage);
}

async function hashAll(disk: Disk, spec: StorageSpec, kinds: Kinds): Promise<void> {
  const storage = disk.open(spec);
  await inLanes(
    spec.layout.pieceCount,
    16,
    (piece) =>
      new Promise((resolve, reject) => {
        disk.hash(storage, piece, kinds, (error) => (error === null ? resolve() : reject(error)));
      }),
  );
  await disk.close(storage);
}

async function readAll(disk: Disk, spec: StorageSpec): Promise<void> {
  const storage = disk.open(spec);
  const stride = READ_BYTES + (READ_BYTES / BLOCK) * HEADER;
  const buffer = new Uint8Array(READS_UNDER_WAY * stride);
  const perPiece = PIECE / READ_BYTES;
  await inLanes(
    spec.layout.pieceCount * perPiece,
    READS_UNDER_WAY,
    (at, lane) =>
      new Promise((resolve, reject) => {
        const piece = Math.floor(at / perPiece);
        const begin = (at % perPiece) * READ_BYTES;
        disk.read(
          storage,
          piece,
          begin,
          READ_BYTES,
          buffer,
          lane * stride + HEADER,
          BLOCK,
          HEADER,
          (error) => (error === null ? resolve() : reject(error)),
        );
      }),
  );
  await disk.close(storage);
}

async function inLanes(
  count: number,
  lanes: number,
  work: (at: number, lane: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async (lane: number): Promise<void> => {
    while (next < count) await work(next++, lane);
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
}
