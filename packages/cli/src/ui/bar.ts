/** `width` cells, filled from the left: "███████░░░░░". Full only when `fraction` is 1. */
export function bar(fraction: number, width = 20): string {
  const bounded = Number.isNaN(fraction) ? 0 : Math.min(1, Math.max(0, fraction));
  const filled = bounded === 1 ? width : Math.min(width - 1, Math.floor(bounded * width));
  return "█".repeat(filled) + "░".repeat(width - filled);
}
