const RELEASE = "";

/** Less than 0 when version `a` is older than `b`, 0 when they are the same. What is in no version's form is older than all that are. */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [parts(a), parts(b)];
  for (const [at, number] of left.numbers.entries()) {
    const difference = number - right.numbers[at]!;
    if (difference !== 0) return difference;
  }
  // 1.0.0-beta comes before 1.0.0.
  if (left.rest === RELEASE || right.rest === RELEASE) return left.rest === RELEASE ? 1 : -1;
  return left.rest < right.rest ? -1 : 1;
}

function parts(version: string): { readonly numbers: readonly number[]; readonly rest: string } {
  const match = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(.*)$/s.exec(version);
  if (match === null) return { numbers: [-1, -1, -1], rest: `?${version}` };
  return { numbers: match.slice(1, 4).map(Number), rest: match[4]! };
}
