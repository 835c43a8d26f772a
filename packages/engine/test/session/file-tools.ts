import assert from "node:assert/strict";
import type { Made, Node, SimulatedWorld } from "@shoal/sim";
import type { FilePriority } from "../../dist/core/file-selection.js";
import type { Torrent } from "../../dist/session/torrent-handle.js";
import { serves } from "./hardening-tools.ts";

/** By path as in the torrent. */
export function indexOf(made: Made, path: string): number {
  return made.metainfo.layout.files.findIndex((file) => file.path.join("/") === path);
}

export function wishes(made: Made, of: Record<string, FilePriority>): Map<number, FilePriority> {
  return new Map(Object.entries(of).map(([path, priority]) => [indexOf(made, path), priority]));
}

/** A getter that the compiler does not take for a constant. */
export function stateOf(torrent: Torrent): string {
  return torrent.state;
}

export function partFile(node: Node): Uint8Array | undefined {
  return [...node.disk.files].find(([path]) => path.endsWith(".part"))?.[1].bytes;
}

/** A file of the torrent is on disk as it should be. `folder`: what the torrent's folder is called there. */
export function assertFile(node: Node, made: Made, path: string, folder = "/out/folder"): void {
  const found = node.disk.files.get(`${folder}/${path}`)?.bytes ?? new Uint8Array(0);
  assert.ok(Buffer.compare(found, made.files.get(path)!) === 0, `${path} is right`);
}

/** Every verified piece is on disk as it should be, whichever file its bytes are in. */
export function assertClaims(node: Node, made: Made, torrent: Torrent): void {
  const { layout } = made.metainfo;
  const part = partFile(node);
  const paths = torrent.live?.content?.place.paths ?? [];
  for (const piece of torrent.live?.content?.have ?? []) {
    layout.spans(piece * layout.pieceLength, layout.pieceSize(piece), (file, offset, length) => {
      if (file.pad) return;
      const right = made.space.subarray(file.offset + offset, file.offset + offset + length);
      const path = `${torrent.downloadDir}/${paths[file.index]!}`;
      const own = node.disk.files.get(path)?.bytes.subarray(offset, offset + length);
      const inPart = part?.subarray(file.offset + offset, file.offset + offset + length);
      const there = [own, inPart].some((bytes) => bytes !== undefined && Buffer.compare(bytes, right) === 0);
      assert.ok(there, `piece ${piece} of ${path} is on disk`);
    });
  }
}

/** A peer that has everything and gives as many blocks as it is told to. */
export class Faucet {
  readonly #waiting: (() => void)[] = [];
  cancelled = 0;

  async open(world: SimulatedWorld, made: Made): Promise<{ host: string; port: number }> {
    return world.listen(made, {}, (peer) => {
      serves(peer, made);
      const serve = peer.onHeard;
      peer.onHeard = (heard, from) => {
        if (heard.kind === "cancel") this.cancelled++;
        if (heard.kind === "request") this.#waiting.push(() => serve(heard, from));
        else serve(heard, from);
      };
    });
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  give(blocks: number): void {
    for (const answer of this.#waiting.splice(0, blocks)) answer();
  }
}
