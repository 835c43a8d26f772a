import { isAbsolute, relative, sep } from "node:path";

/** Whether a path is `folder` or lies below it; both absolute, links are not followed. */
export function isInside(folder: string, path: string): boolean {
  const below = relative(folder, path);
  // On another drive of Windows there is no way from one to the other.
  return below !== ".." && !below.startsWith(`..${sep}`) && !isAbsolute(below);
}
