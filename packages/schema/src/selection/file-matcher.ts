import picomatch from "picomatch";

/** Whether a file is meant. `number`: its place in the list of files, from 1; `path`: below the download folder. */
export type FileMatcher = (number: number, path: string) => boolean;

/**
 * The files that a word means: numbers ("3", "1,3-5") choose by place in the list, everything else is a pattern. A pattern
 * without a slash is compared with file names in every folder, one with a slash with the whole path, with and without the
 * torrent's own folder. The name of a folder, with or without a slash at its end, means all that is in it. Upper and lower case are the
 * same. Throws RangeError, whose message continues "PATTERN can't be used: ".
 */
export function fileMatcher(pattern: string): FileMatcher {
  if (pattern.trim() === "") throw new RangeError("it is empty");
  return isNumbers(pattern) ? byNumber(pattern) : byPattern(pattern);
}

function isNumbers(pattern: string): boolean {
  return /^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/.test(pattern);
}

function byNumber(pattern: string): FileMatcher {
  const ranges = pattern.split(",").map((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    if (first < 1 || last < first) throw new RangeError("file numbers begin with 1 and ascend");
    return [first, last] as const;
  });
  return (number) => ranges.some(([first, last]) => number >= first && number <= last);
}

function byPattern(pattern: string): FileMatcher {
  const options = { nocase: true, dot: true };
  if (!pattern.includes("/")) {
    const matches = picomatch(pattern, options);
    // A pattern with wildcards is about files: what it says of a folder's name would say too much of what is in it.
    const isFolder = picomatch.scan(pattern).isGlob ? () => false : matches;
    return (_number, path) => {
      const names = path.split("/");
      return matches(names.pop()!) || names.some((name) => isFolder(name));
    };
  }
  const matches = picomatch(pattern.replace(/^\.?\//, "").replace(/\/$/, "/**"), options);
  return (_number, path) =>
    matches(path) || (path.includes("/") && matches(path.slice(path.indexOf("/") + 1)));
}
