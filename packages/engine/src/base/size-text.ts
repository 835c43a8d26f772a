const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** A number of bytes for people: "0 B", "1.2 kB", "211 GB"; decimal units, at most three digits and one decimal. */
export function sizeText(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 999.5 would be shown as 1000: it belongs to the next unit.
  while (unit < UNITS.length - 1 && value >= 999.5) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, "");
  return `${digits} ${UNITS[unit]}`;
}
