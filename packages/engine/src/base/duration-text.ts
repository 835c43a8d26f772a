const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
] as const;

/** A time in milliseconds for people, in the largest unit of which it has one: "3 days", "1 hour", "0 seconds". */
export function durationText(ms: number): string {
  const [name, length] = UNITS.find(([, unit]) => ms >= unit) ?? UNITS[UNITS.length - 1]!;
  const count = Math.floor(Math.max(0, ms) / length);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}
