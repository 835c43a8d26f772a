/** What a process exit code of `shoal` means and how to get past it. Codes 7 and 9 as aria2c, 4 as gh, 124/130/143 as the shell. */
export interface ExitCodeEntry {
  readonly code: number;
  readonly meaning: string;
  /** What a person can do about it, one sentence. */
  readonly fix: string;
}

export type ExitName =
  | "ok"
  | "failure"
  | "usage"
  | "notFound"
  | "denied"
  | "daemon"
  | "network"
  | "unfinished"
  | "verification"
  | "noSpace"
  | "fileSystem"
  | "exists"
  | "inUse"
  | "partial"
  | "timeout"
  | "interrupted"
  | "terminated";

/** The one table of exit codes; help and the documents are made from it. */
export const EXIT_CODES: Readonly<Record<ExitName, ExitCodeEntry>> = {
  ok: { code: 0, meaning: "done", fix: "Nothing to do." },
  failure: {
    code: 1,
    meaning: "other failure",
    fix: "Read the sentence on stderr; run again with -v for more.",
  },
  usage: {
    code: 2,
    meaning: "wrong usage, or an argument that can't be read (broken magnet, not a torrent)",
    fix: "Run the command with -h, or check the link or file.",
  },
  notFound: {
    code: 3,
    meaning: "not found (transfer, peer, torrent behind an address)",
    fix: "Check the name or ask for a new link.",
  },
  denied: {
    code: 4,
    meaning: "login needed or not allowed",
    fix: "Name a token that may do it with --token-file; shoal token new makes one.",
  },
  daemon: {
    code: 5,
    meaning: "daemon not reachable",
    fix: "Start it with shoal daemon start, or run send and get with --foreground.",
  },
  network: {
    code: 6,
    meaning: "network: no peer, tracker or hub answered",
    fix: "Check the connection, ask the sender to keep sharing, or name them with --peer.",
  },
  unfinished: {
    code: 7,
    meaning: "interrupted, unfinished; can be continued",
    fix: "Run the same command again.",
  },
  verification: {
    code: 8,
    meaning: "data failed verification",
    fix: "Get the torrent again into the same folder: only the bad pieces are fetched.",
  },
  noSpace: {
    code: 9,
    meaning: "no space on disk",
    fix: "Free some space or choose another folder with -o; what is there is kept.",
  },
  fileSystem: {
    code: 10,
    meaning: "file system: permission, read-only, missing",
    fix: "Check that the path exists and that you may read and write it.",
  },
  exists: {
    code: 11,
    meaning: "already exists: a file in the way, or the torrent is already there",
    fix: "Choose another folder with -o, or replace the files with --overwrite.",
  },
  inUse: {
    code: 12,
    meaning: "port or files in use by another program or another shoal; daemon of another version",
    fix: "Stop the other program, or choose another port with --port; after an update: shoal daemon restart.",
  },
  partial: {
    code: 13,
    meaning: "some targets worked, some did not",
    fix: "See the output for which.",
  },
  timeout: { code: 124, meaning: "--timeout reached", fix: "Run again, with a longer --timeout." },
  interrupted: { code: 130, meaning: "stopped with Ctrl-C", fix: "Run the same command again to continue." },
  terminated: { code: 143, meaning: "stopped by SIGTERM", fix: "Run the same command again to continue." },
};
