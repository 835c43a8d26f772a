import { basename } from "node:path";

import type { Context } from "../../context.ts";
import type { CreateOptions, Metainfo } from "../../engine.ts";
import { CliError, fileSystemError } from "../../errors.ts";
import { statPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { progressText, Speedometer } from "../../ui/progress.ts";
import type { Output } from "../../ui/output.ts";
import { chooseKind } from "../option.ts";
import type { MakeOptions } from "../shared-options.ts";

/** A torrent made from what lies at a path. */
export interface MadeTorrent {
  readonly bytes: Uint8Array;
  readonly metainfo: Metainfo;
  readonly warnings: readonly string[];
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
  await statPath(path, shown);
  if (flags.name === null && clean(basename(path)) !== basename(path)) {
    throw new CliError(
      "ERR_INVALID_ARGUMENT",
      `The name of ${clean(shown)} has control characters, which a torrent's name can't have`,
      "Give it another one with --name.",
    );
  }
  const engine = await context.engine();
  const speed = new Speedometer();
  const report = (done: number, total: number): void => {
    speed.sample(context.now(), done);
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
    if (error instanceof Error && "syscall" in error) throw fileSystemError(error, shown);
    throw error;
  } finally {
    output.live([], true);
  }
}

function createOptions(flags: MakeFlags): CreateOptions {
  const { pieceSize, name, comment, source = null, creationDate = null } = flags;
  if (name !== null && /[/\\]/.test(name)) {
    throw new CliError("ERR_USAGE", `--name ${clean(name)} can't be used: it is one name, without slashes`);
  }
  return {
    kind: chooseKind(flags),
    // Each tracker in a tier of its own: all are tried in turn.
    trackers: flags.tracker.map((url) => [url]),
    webSeeds: flags.webSeed,
    private: flags.private,
    ...(pieceSize === null ? {} : { pieceLength: pieceSize }),
    ...(name === null ? {} : { name }),
    ...(comment === null ? {} : { comment }),
    ...(source === null ? {} : { source }),
    ...(creationDate === null ? {} : { creationDate }),
  };
}
