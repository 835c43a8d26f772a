/** For figures: what lies beyond says nothing. */
export function rounded(value: number, digits: number = 3): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
