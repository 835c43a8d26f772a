const MOST_LINES = 8;
/** None, some, most, all of the pieces of a cell. */
const SHADES = ["·", "░", "▓", "█"] as const;

/**
 * Which pieces are there, from the first to the last, as lines of `columns` cells: a cell is a piece, or as many pieces as it takes for
 * the map to have 8 lines at most. Bit 7 of byte 0 of `have` is piece 0.
 */
export function pieceMap(have: Uint8Array, pieceCount: number, columns: number): string[] {
  const width = Math.max(1, columns);
  const perCell = Math.max(1, Math.ceil(pieceCount / (width * MOST_LINES)));
  const lines: string[] = [];
  let line = "";
  for (let first = 0; first < pieceCount; first += perCell) {
    const end = Math.min(first + perCell, pieceCount);
    let there = 0;
    for (let piece = first; piece < end; piece++)
      if ((have[piece >> 3]! & (0x80 >> (piece & 7))) !== 0) there++;
    line += SHADES[shade(there / (end - first))]!;
    if (line.length < width) continue;
    lines.push(line);
    line = "";
  }
  return line === "" ? lines : [...lines, line];
}

function shade(part: number): number {
  if (part === 0) return 0;
  if (part === 1) return 3;
  return part < 0.5 ? 1 : 2;
}
