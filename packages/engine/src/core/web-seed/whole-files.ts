import { BLOCK_SIZE, type Layout, type LayoutFile } from "../../meta/layout.ts";
import type { Run } from "./run-queue.ts";

/**
 * The run made longer to whole files, for a server that does not give parts: all blocks that begin in the file in which its first block begins, to those
 * that begin in the file of its last block. So each block is in the run of one file only, and of the next file no more than its beginning is needed.
 */
export function wholeFilesRun(layout: Layout, run: Run): Run {
  const { pieceLength } = layout;
  const from = run.piece * pieceLength + run.begin;
  const first = fileAt(layout, from);
  const last = fileAt(layout, blockOf(layout, from + run.length - 1).start);
  const piece = Math.floor(first.offset / pieceLength);
  const begin = Math.ceil((first.offset % pieceLength) / BLOCK_SIZE) * BLOCK_SIZE;
  const start = begin < layout.dataSize(piece) ? { piece, begin } : { piece: piece + 1, begin: 0 };
  const { end } = blockOf(layout, last.offset + last.size - 1);
  return { ...start, length: end - (start.piece * pieceLength + start.begin) };
}

/** The block that has the byte at `offset` of torrent space. */
function blockOf(layout: Layout, offset: number): { readonly start: number; readonly end: number } {
  const piece = Math.floor(offset / layout.pieceLength);
  const block = Math.floor((offset % layout.pieceLength) / BLOCK_SIZE);
  const start = piece * layout.pieceLength + block * BLOCK_SIZE;
  return { start, end: start + layout.blockLength(piece, block) };
}

function fileAt(layout: Layout, offset: number): LayoutFile {
  let found: LayoutFile | null = null;
  layout.spans(offset, 1, (file) => {
    found = file;
  });
  return found!;
}
