import { mkdir } from "node:fs/promises";
import { ShoalError } from "@shoal/engine";
import type { AddTorrent, GetFile } from "@shoal/schema";
import { Closing } from "./closing.ts";
import { giveSources } from "./edits/give-sources.ts";
import { getFile } from "./files/get-file.ts";
import { newTransfer } from "./new-transfer.ts";
import { type NodeOptions, type NodeParts, openParts } from "./node-parts.ts";
import { assertRoom } from "./space/assert-room.ts";
import type { Transfer } from "./transfer.ts";

/** One running node: the engine, what the user wants of it, and the state of both. */
export interface ShoalNode extends NodeParts {
  /** Where downloads go unless they are told otherwise; absolute. */
  readonly downloadDir: string;
  /** Adds a transfer as a program or person asks for it. Throws what `newTransfer`, `assertRoom` and `Transfers.add` throw. */
  add(wanted: AddTorrent): Promise<Transfer>;
  /** Fetches a file by its id, or the beginning of it; see `getFile`. */
  getFile(prefix: string, how: GetFile): Promise<Transfer>;
  /** Ends everything in good order: nothing that was told is lost. */
  close(): Promise<void>;
}

/** Throws ERR_LOCKED when the profile runs already, and what an identity, a database or a session throws that can't be opened. */
export async function openNode(options: NodeOptions): Promise<ShoalNode> {
  await mkdir(options.profile.stateDir, { recursive: true, mode: 0o700 });
  const closing = new Closing();
  try {
    const parts = await openParts(options, closing);
    const { profile, identity, transfers } = parts;
    parts.log.info("started", {
      profile: profile.name,
      peerId: identity.peerId,
      transfers: transfers.list().length,
    });
    const node = nodeOf(parts, closing);
    parts.watchFolders.start((wanted) => node.add(wanted));
    return node;
  } catch (error) {
    // Why it could not be opened says more than what goes wrong with the rest then.
    await closing.close().catch(() => undefined);
    throw error;
  }
}

function nodeOf(parts: NodeParts, closing: Closing): ShoalNode {
  const { settings, transfers, queue } = parts;
  const node: ShoalNode = {
    ...parts,
    get downloadDir() {
      return settings.get("downloads.dir");
    },
    async add(wanted) {
      const transfer = await newTransfer(wanted, node);
      const { source, downloadDir, paused } = transfer;
      if (source.torrentBytes !== undefined && !paused && wanted.ignoreSpace !== true) {
        const incomplete = settings.get("downloads.incompleteDir");
        const folders = incomplete === null ? [downloadDir] : [incomplete, downloadDir];
        const reserve = settings.get("downloads.reserve");
        await assertRoom({ torrentBytes: source.torrentBytes, files: transfer.files, folders, reserve });
      }
      const added = await transfers.add(transfer).catch(async (error: unknown) => {
        const twin = error instanceof ShoalError ? transfers.twinOf(error) : null;
        if (twin !== null) await giveSources(transfers, twin, transfer);
        throw error;
      });
      if (wanted.first === true) await queue.move([added], "top");
      return added;
    },
    getFile: (prefix, how) => getFile(node, prefix, how),
    close: () => closing.close(),
  };
  return node;
}
