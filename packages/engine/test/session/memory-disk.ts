import { ShoalError } from "../../dist/base/errors.js";
import { concatBytes } from "../../dist/base/bytes.js";
import { BLOCK_SIZE } from "../../dist/meta/layout.js";
import { merkleRoot } from "../../dist/meta/merkle.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import type { WalkedFile, WalkedFolder } from "../../dist/node/walk-folder.js";
import type { Disk, FileStat, HashDone, HashKinds, StorageId, StorageSpec } from "../../dist/ports/disk.js";

const ROOT = "/memory";

/** A file that exists only in a test. */
export interface MemoryFile {
  readonly content: Uint8Array;
  readonly modifiedMs?: number;
  readonly executable?: boolean;
  readonly symlink?: readonly string[];
}

/** Files in memory that can be listed, hashed and looked at: just what making a torrent needs of a disk. */
export class MemoryDisk implements Disk {
  readonly arena: Uint8Array = new Uint8Array(0);
  readonly slotBytes: number = 0;
  readonly slotCount: number = 0;

  copyIn(): void {}
  readonly files: Map<string, MemoryFile>;
  /** Storages opened and not closed again. */
  opened: number = 0;
  hashesUnderWay: number = 0;
  mostHashesUnderWay: number = 0;
  /** Called before a piece is hashed. */
  onHash: (piece: number) => void = () => undefined;
  #spec: StorageSpec | null = null;

  constructor(files: Record<string, MemoryFile>) {
    this.files = new Map(Object.entries(files));
  }

  /** Lists the files in the order of the map, which need not be that of torrents. */
  walk(name: string, multiFile: boolean): () => Promise<WalkedFolder> {
    const files = [...this.files].map(([path, file], index): WalkedFile => ({
      path: path.split("/"),
      size: file.content.length,
      modifiedMs: file.modifiedMs ?? 0,
      inode: index,
      executable: file.executable ?? false,
      symlink: file.symlink ?? null,
    }));
    return () => Promise.resolve({ name, root: ROOT, multiFile, files, warnings: [] });
  }

  open(spec: StorageSpec): StorageId {
    this.#spec = spec;
    this.opened++;
    return 1;
  }

  close(): Promise<void> {
    this.opened--;
    return Promise.resolve();
  }

  hash(_storage: StorageId, piece: number, kinds: HashKinds, done: HashDone): void {
    this.hashesUnderWay++;
    this.mostHashesUnderWay = Math.max(this.mostHashesUnderWay, this.hashesUnderWay);
    queueMicrotask(() => {
      this.hashesUnderWay--;
      try {
        this.onHash(piece);
        done(null, this.#digest(piece, kinds));
      } catch (error) {
        done(error as ShoalError, null);
      }
    });
  }

  stat(): Promise<(FileStat | null)[]> {
    const names = [...this.files.keys()];
    return Promise.resolve(
      this.#spec!.layout.files.map((file) => {
        const path = this.#spec!.paths[file.index]!;
        const found = this.files.get(path);
        if (found === undefined || file.pad || found.symlink !== undefined) return null;
        return { size: found.content.length, modifiedMs: found.modifiedMs ?? 0, inode: names.indexOf(path) };
      }),
    );
  }

  #digest(
    piece: number,
    kinds: HashKinds,
  ): { sha1: Uint8Array | null; root: Uint8Array | null; leaves: null } {
    const { layout, paths } = this.#spec!;
    const parts: Uint8Array[] = [];
    layout.spans(piece * layout.pieceLength, layout.pieceSize(piece), (file, offset, length) => {
      const found = file.pad ? new Uint8Array(offset + length) : this.files.get(paths[file.index]!)?.content;
      if (found === undefined || found.length < offset + length) {
        throw new ShoalError("ERR_FILE_CHANGED", "too short", { path: paths[file.index] });
      }
      parts.push(found.subarray(offset, offset + length));
    });
    const bytes = concatBytes(...parts);
    const blocks = Array.from({ length: layout.blockCount(piece) }, (_, block) =>
      nodeHasher.sha256(
        bytes.subarray(block * BLOCK_SIZE, block * BLOCK_SIZE + layout.blockLength(piece, block)),
      ),
    );
    return {
      sha1: kinds.sha1 ? nodeHasher.sha1(bytes) : null,
      root: kinds.merkle
        ? merkleRoot((data) => nodeHasher.sha256(data), concatBytes(...blocks), layout.leafWidth(piece))
        : null,
      leaves: null,
    };
  }

  reopen(): never {
    return unused();
  }
  prepare(): never {
    return unused();
  }
  write(): never {
    return unused();
  }
  assign(): never {
    return unused();
  }
  dropPart(): never {
    return unused();
  }
  relocate(): never {
    return unused();
  }
  recoverRelocation(): never {
    return unused();
  }
  removeFiles(): never {
    return unused();
  }
  forget(): never {
    return unused();
  }
  read(): never {
    return unused();
  }
  sync(): never {
    return unused();
  }
  freeSpace(): never {
    return unused();
  }
  shutdown(): never {
    return unused();
  }
}

function unused(): never {
  throw new Error("not part of making a torrent");
}
