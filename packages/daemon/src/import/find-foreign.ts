import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { NewImport } from "@shoal/schema";

const MOST = 100_000;

/** Files of one torrent of another program; absolute paths. */
export interface ForeignFiles {
  readonly torrent: string;
  readonly resume: string;
}

/** Pairs of .torrent files and resume data, by their names. Throws what reading a folder throws. */
export async function findForeign({ kind, dir }: NewImport): Promise<ForeignFiles[]> {
  const [torrentsDir, resumeDir] =
    kind === "transmission" ? [join(dir, "torrents"), join(dir, "resume")] : [dir, dir];
  const resumes = new Map(
    (await readdir(resumeDir)).flatMap((name) => {
      const stem = /^(.+)\.(?:resume|fastresume|resume_data)$/.exec(name)?.[1];
      return stem === undefined ? [] : [[stem, name] as const];
    }),
  );
  const found: ForeignFiles[] = [];
  for (const name of (await readdir(torrentsDir)).toSorted()) {
    const resume = name.endsWith(".torrent") ? resumes.get(basename(name, ".torrent")) : undefined;
    if (resume === undefined || found.length >= MOST) continue;
    found.push({ torrent: join(torrentsDir, name), resume: join(resumeDir, resume) });
  }
  return found;
}
