import { writePayload } from "@shoal/testkit";
import type { PayloadSpec, TorrentKind } from "@shoal/testkit";
import { join } from "node:path";
import type { Job } from "../clients/contender.ts";
import { makeTorrent } from "../make-torrent.ts";
import { writeBigFile } from "../payload.ts";

/** What to transfer, and how. */
export interface JobSpec {
  readonly kind: TorrentKind;
  readonly pieceLength: number;
  readonly pollMs: number;
  readonly profileDir: string | null;
}

/** One big file of pseudo-random bytes below `dir`, and its .torrent. */
export async function makeFileJob(dir: string, size: number, spec: JobSpec): Promise<Job> {
  const name = "payload.bin";
  await writeBigFile(join(dir, name), size, 7);
  return jobOf(dir, name, size, spec);
}

/** A folder of files below `dir`, and its .torrent. */
export async function makeFolderJob(
  dir: string,
  files: NonNullable<PayloadSpec["files"]>,
  spec: JobSpec,
): Promise<Job> {
  const { name, contentSize } = await writePayload(dir, { name: "payload", files, seed: 7 });
  return jobOf(dir, name, contentSize, spec);
}

async function jobOf(dir: string, name: string, bytes: number, spec: JobSpec): Promise<Job> {
  const path = join(dir, name);
  const torrent = `${path}.torrent`;
  const { kind, pieceLength, pollMs, profileDir } = spec;
  const facts = await makeTorrent(path, torrent, kind, pieceLength);
  return { torrent, facts, kind, dataDir: dir, bytes, pollMs, profileDir };
}
