const SI = ["B", "kB", "MB", "GB", "TB", "PB"];
const IEC = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** "0 B", "999 B", "1.2 kB", "38.4 MB", "211 GB": decimal units, at most three digits and one decimal. */
export function formatSize(bytes: number): string {
  return scale(bytes, 1000, SI);
}

/** Piece lengths are powers of two: "16 KiB", "1 MiB". */
export function formatBinarySize(bytes: number): string {
  return scale(bytes, 1024, IEC);
}

/** "11.2 MB/s". */
export function formatRate(bytesPerSecond: number): string {
  return `${formatSize(bytesPerSecond)}/s`;
}

function scale(bytes: number, base: number, units: readonly string[]): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 999.5 would be shown as 1000: it belongs to the next unit.
  while (unit < units.length - 1 && value >= base - 0.5) {
    value /= base;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, "");
  return `${digits} ${units[unit] ?? ""}`;
}

const FACTORS: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Bytes of "262144", "256k", "256K", "256KiB", "1M", "1 MiB" (all binary, as piece sizes are), or null. */
export function parseBinarySize(text: string): number | null {
  const match = /^(\d{1,15}) ?(?:([kmg])(?:i?b)?|b)?$/i.exec(text.trim());
  if (match === null) return null;
  return Number(match[1]) * (FACTORS[(match[2] ?? "").toLowerCase()] ?? 1);
}

/** "312 files", "1 file". */
export function count(n: number, one: string, many: string = `${one}s`): string {
  return `${formatCount(n)} ${n === 1 ? one : many}`;
}

/** Thousands separated: "1,024". */
export function formatCount(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "38 %"; "100 %" only when it is all. */
export function formatPercent(fraction: number): string {
  const bounded = Math.min(1, Math.max(0, fraction));
  return `${bounded === 1 ? 100 : Math.min(99, Math.floor(bounded * 100))} %`;
}
