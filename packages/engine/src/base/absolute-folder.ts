/** A folder that does not depend on where the program was started, on any system. */
const ABSOLUTE = /^(?:\/|\\\\|[A-Za-z]:[\\/])/;

/** The one way to write an absolute folder: without "." and "..", doubled separators and one at the end. Null when it is none. */
export function absoluteFolder(path: string): string | null {
  const start = ABSOLUTE.exec(path)?.[0];
  if (start === undefined || path.includes("\0")) return null;
  const isWindows = start !== "/";
  const steps: string[] = [];
  for (const step of path.slice(start.length).split(isWindows ? /[\\/]/ : "/")) {
    if (step === "..") steps.pop();
    else if (step !== "" && step !== ".") steps.push(step);
  }
  const folder = start + steps.join(isWindows ? "\\" : "/");
  // Thousands of torrents share the text that they were given.
  return folder === path ? path : folder;
}
