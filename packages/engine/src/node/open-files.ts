import { readFileSync } from "node:fs";

const WANTED = 256;
const LEAST = 4;

/** How many files the disk may keep open, all threads together: 256, or a quarter of what the process may open. */
export function openFileBudget(): number {
  return Math.min(WANTED, Math.max(4 * LEAST, Math.floor(processLimit() / 4)));
}

/** Soft limit of the process (Node raises it to the hard limit at start); 1,024 where it can't be read. */
function processLimit(): number {
  try {
    const match = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
    return match === null ? 1024 : Number(match[1]);
  } catch {
    return 1024;
  }
}
