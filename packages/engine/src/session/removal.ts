/** What becomes of the files that a download has made when it is removed. */
export interface FileRemoval {
  /** Absolute folder on the same file system, outside of the torrent's own: the files go there under their paths. Null: they are deleted. */
  readonly trashDir: string | null;
  /** Files (absolute paths) that stay, because somebody else needs them. */
  readonly spares: (path: string) => boolean;
}

/** How a torrent ends. */
export interface CloseHow {
  /** Its resume data is deleted. */
  readonly forget: boolean;
  /** Absent: its files stay. */
  readonly files?: FileRemoval | undefined;
}

/** How a torrent is removed. */
export interface RemoveOptions {
  /** The files that the download has made go, too. */
  readonly deleteData?: boolean;
  /** With `deleteData`: see `FileRemoval`. `moveTree` brings them back. */
  readonly trashDir?: string;
  /** With `deleteData`: see `FileRemoval`. */
  readonly spares?: (path: string) => boolean;
  /** Resume data stays, for when it is added again; `Session.forgetResume` deletes it. */
  readonly keepResume?: boolean;
}

export function closeHow({ deleteData, trashDir, spares, keepResume }: RemoveOptions): CloseHow {
  const forget = keepResume !== true;
  if (deleteData !== true) return { forget };
  return { forget, files: { trashDir: trashDir ?? null, spares: spares ?? (() => false) } };
}
