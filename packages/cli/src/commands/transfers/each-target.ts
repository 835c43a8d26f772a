import type { Torrent, TorrentList } from "@shoal/schema";

import type { Context } from "../../context.ts";
import { type DaemonClient, daemonClient } from "../../daemon-client.ts";
import { toFailure, usageError } from "../../errors.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { clean } from "../../ui/clean.ts";
import type { Invocation } from "../command.ts";
import { findTarget, findTargets } from "./targets.ts";

/** Of commands that are about everything, too. */
export interface AllOption {
  readonly all: boolean;
}

/** What is done to transfers. */
export interface Deed {
  /** As in "3  hello: paused", and the name of the count in the document. */
  readonly done: string;
  /** Asked once, when it is known to which ones; whoever says no throws. */
  readonly before?: (targets: readonly Torrent[], daemon: DaemonClient) => Promise<void>;
  readonly act: (daemon: DaemonClient, torrent: Torrent) => Promise<unknown>;
}

/**
 * Does one thing to every transfer that the words name, and tells of each. Returns 13 when some could be done and some not; throws the first failure when
 * none could.
 */
export async function forEachTarget(
  { context, output, options }: Pick<Invocation<Partial<AllOption>>, "context" | "output" | "options">,
  words: readonly string[],
  { done, before, act }: Deed,
): Promise<number> {
  const named = targetWords(words, options.all === true);
  const daemon = await daemonClient(context);
  const { torrents } = await daemon.get<TorrentList>("/torrents");
  const { found, missing } = findTargets(named, torrents);
  if (found.length > 0) await before?.(found, daemon);
  const failures: unknown[] = [...missing];
  const results: Record<string, unknown>[] = missing.map((error) => ({ id: null, ...failed(error) }));
  const tellOne = found.length + missing.length > 1;
  for (const error of missing) if (tellOne) output.problem(error.code, toFailure(error).message);
  for (const torrent of found) {
    const { id } = torrent;
    const name = clean(torrent.name);
    try {
      await act(daemon, torrent);
      results.push({ id, name: torrent.name, ok: true });
      output.note(`${id}  ${name}: ${done}`);
    } catch (error) {
      failures.push(error);
      results.push({ id, name: torrent.name, ...failed(error) });
      const { code, message } = toFailure(error);
      if (tellOne) output.problem(code, `${id}  ${name}: ${message}`);
    }
  }
  const worked = results.length - failures.length;
  if (worked === 0 && failures.length > 0) throw failures[0];
  if (found.length === 0)
    output.note(`There is nothing to do: no transfer is ${named.map(clean).join(", ")}.`);
  output.document({ [done]: worked, failed: failures.length, results });
  return failures.length === 0 ? EXIT_CODES.ok.code : EXIT_CODES.partial.code;
}

/** The daemon, and the one transfer that a word names. Throws ERR_NOT_FOUND. */
export async function oneTarget(
  context: Context,
  word: string,
): Promise<{ readonly daemon: DaemonClient; readonly torrent: Torrent }> {
  const daemon = await daemonClient(context);
  const { torrents } = await daemon.get<TorrentList>("/torrents");
  return { daemon, torrent: findTarget(word, torrents) };
}

function targetWords(words: readonly string[], all: boolean): readonly string[] {
  if (!all && words.length === 0)
    throw usageError("Say which transfers", "Such as: 1, 3-5, a name, or --all.");
  if (all && words.length > 0)
    throw usageError("--all means every transfer, and others are named", "Leave out one of both.");
  return all ? ["all"] : words;
}

function failed(error: unknown): Record<string, unknown> {
  const { code, message } = toFailure(error);
  return { ok: false, error: { code, message } };
}
