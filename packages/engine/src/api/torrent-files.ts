import { NodeDisk, type NodeDiskOptions } from "../node/disk.ts";
import { nodeHasher } from "../node/hasher.ts";
import { type LeavesOut, type WalkedFolder, walkFolder } from "../node/walk-folder.ts";
import { type Metainfo, parseMetainfo as parse } from "../meta/metainfo.ts";
import type { Disk } from "../ports/disk.ts";
import { contentFingerprint } from "../session/content-fingerprint.ts";
import {
  type CreatedTorrent,
  type CreateOptions,
  type CreatePorts,
  type CreateProgress,
  createTorrent as create,
} from "../session/create-torrent.ts";

/** Parses a .torrent file. Throws ProtocolError: ERR_BENCODE or ERR_METAINFO; `details.reason` names the rule. */
export function parseMetainfo(bytes: Uint8Array): Metainfo {
  return parse(bytes, nodeHasher);
}

/** The file system as the engine sees it, for checking data without a session. End it with `shutdown()`. */
export function openDisk(options: NodeDiskOptions = {}): Disk {
  return new NodeDisk(options);
}

/** What lies at a path, as far as it can be told without reading it. */
export interface ContentLook extends Pick<WalkedFolder, "multiFile" | "files" | "warnings"> {
  /** The same as long as no name, size, time or inode changes, and then a torrent made of it is the same. */
  readonly fingerprint: string;
}

/** Looks at what lies at `path` without reading it. Throws what listing it throws (node/walk-folder.ts). */
export async function fingerprintContent(
  path: string,
  signal?: AbortSignal,
  leavesOut?: LeavesOut,
): Promise<ContentLook> {
  const walked = await walkFolder(path, signal, leavesOut);
  const { multiFile, files, warnings } = walked;
  return { fingerprint: contentFingerprint(walked, nodeHasher), multiFile, files, warnings };
}

/** Makes a torrent of the file or folder at `path`; see `createTorrent` in session/ for what it throws. */
export async function createTorrent(
  path: string,
  options: CreateOptions = {},
  onProgress?: CreateProgress,
  signal?: AbortSignal,
  leavesOut?: LeavesOut,
): Promise<CreatedTorrent> {
  const disk = openDisk();
  const walk: CreatePorts["walk"] = (root, ends) => walkFolder(root, ends, leavesOut);
  try {
    return await create(path, options, { disk, hasher: nodeHasher, walk }, onProgress, signal);
  } finally {
    await disk.shutdown();
  }
}
