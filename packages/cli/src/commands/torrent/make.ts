import { basename } from "node:path";

import { MadeTorrents } from "@shoal/daemon/made-torrents";

import type { Context } from "../../context.ts";
import type { CreateOptions, Metainfo, ShoalError } from "../../engine.ts";
import { CliError, fileSystemError, usageError } from "../../errors.ts";
import { stateDir, statPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { progressText, Speedometer } from "../../ui/progress.ts";
import type { Output } from "../../ui/output.ts";
import { chooseKind } from "../option.ts";
import type { MakeOptions } from "../shared-options.ts";

/** Pieces come by the thousand a second, and hashing has better use for the processor. */
const REPORT_MS = 50;

/** A torrent made from what lies at a path. */
export interface MadeTorrent {
  readonly bytes: Uint8Array;
  readonly metainfo: Metainfo;
  readonly warnings: readonly string[];
  /** Of the content as it was hashed. */
  readonly fingerprint: string;
}

/** Flags that shape a torrent; `source` and `creationDate` only where the command has them. */
export interface MakeFlags extends MakeOptions {
  readonly source?: string | null;
  readonly creationDate?: number | null;
}

/**
 * Hashes what lies at `path` with a bar on stderr. `onProgress` gets bytes done and in all. Throws ERR_FILE_NOT_FOUND,
 * ERR_FILE_SYSTEM, and ERR_INTERRUPTED or its like through `stopped` when the command is asked to end.
 */
export async function makeTorrent(
  context: Context,
  output: Output,
  path: string,
  shown: string,
  flags: MakeFlags,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<MadeTorrent> {
  // An empty word would mean the folder one is in: more likely a variable of a script is empty.
  if (shown === "")
    throw usageError("The path is empty", "Name a file or folder, or give . for this folder.");
  await statPath(path, shown);
  if (flags.name === null) refuseOddName(basename(path), shown);
  const engine = await context.engine();
  const speed = new Speedometer();
  let reportedAt = -Infinity;
  const report = (done: number, total: number): void => {
    const now = context.now();
    if (done < total && now - reportedAt < REPORT_MS) return;
    reportedAt = now;
    speed.sample(now, done);
    onProgress(done, total);
    const line = (style: Output["noteStyle"]): string =>
      `Fingerprinting ${clean(shown)}  ${progressText({ done, total, rate: speed.rate, etaMs: speed.etaMs(total) }, style)}`;
    output.live([line(output.noteStyle)]);
    output.status(() => line(output.noteStyle));
  };
  try {
    return await engine.createTorrent(
      path,
      createOptions(flags),
      ({ done, total }) => report(done, total),
      context.signal,
    );
  } catch (error) {
    throw explain(error, shown);
  } finally {
    output.live([], true);
  }
}

/** The name goes into the torrent, and so onto other people's disks. */
function refuseOddName(name: string, shown: string): void {
  const what = clean(name) !== name ? "control characters" : name.includes("\\") ? "a backslash" : null;
  if (what === null) return;
  throw new CliError(
    "ERR_INVALID_ARGUMENT",
    `The name of ${clean(shown)} has ${what}, which a torrent's name can't have`,
    "Give it another one with --name.",
  );
}

/** The engine's advice is for torrents that are being shared; here something is only being read. */
function explain(error: unknown, shown: string): unknown {
  if (!(error instanceof Error)) return error;
  if ("syscall" in error) return fileSystemError(error, shown);
  const { code, details } = error as Partial<ShoalError>;
  const path = details?.["path"];
  if (typeof path !== "string") return error;
  if (code === "ERR_DISK") return fileSystemError({ code: details?.["reason"] }, path);
  if (code !== "ERR_FILE_CHANGED") return error;
  return new CliError(
    code,
    `${clean(path)} changed while it was being read`,
    "Try again when nothing writes to it.",
    error,
  );
}

/** What was made of what, by this program and the daemon. */
export function madeTorrents(context: Context): MadeTorrents {
  return new MadeTorrents(stateDir(context));
}

export function createOptions(flags: MakeFlags): CreateOptions {
  const { pieceSize, name, comment, source = null, creationDate = null } = flags;
  if (name !== null && /[/\\]/.test(name)) {
    throw new CliError("ERR_USAGE", `--name ${clean(name)} can't be used: it is one name, without slashes`);
  }
  return {
    kind: chooseKind(flags),
    // Each tracker in a tier of its own: all are tried in turn.
    trackers: [...new Set(flags.tracker)].map((url) => [url]),
    webSeeds: [...new Set(flags.webSeed)],
    private: flags.private,
    ...(pieceSize === null ? {} : { pieceLength: pieceSize }),
    ...(name === null ? {} : { name }),
    ...(comment === null ? {} : { comment }),
    ...(source === null ? {} : { source }),
    ...(creationDate === null ? {} : { creationDate }),
  };
}
