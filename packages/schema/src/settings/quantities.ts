const SIZE_FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1000,
  m: 1000 ** 2,
  g: 1000 ** 3,
  t: 1000 ** 4,
  ki: 1024,
  mi: 1024 ** 2,
  gi: 1024 ** 3,
  ti: 1024 ** 4,
};

/** Bytes of "512", "500k", "2 MB", "1.5 GiB" (k, M, G, T are decimal, Ki, Mi, Gi, Ti binary), or null. */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?([kmgt]i?)?b?$/i.exec(text.trim());
  if (match === null) return null;
  const bytes = Math.round(Number(match[1]) * SIZE_FACTORS[(match[2] ?? "").toLowerCase()]!);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** Bytes per second of what `parseSize` reads, with or without "/s"; or null. */
export function parseRate(text: string): number | null {
  return parseSize(text.trim().replace(/ ?\/s$/i, ""));
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds of "30" (seconds), "30s", "1.5m", "2h", "7d", "500ms", or null. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?(ms|s|min|m|h|d|w)?$/.exec(text.trim());
  if (match === null) return null;
  return Math.round(Number(match[1]) * DURATION_UNITS[match[2] ?? "s"]!);
}
