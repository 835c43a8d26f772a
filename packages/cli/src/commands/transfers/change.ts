import type { Torrent, TorrentList } from "@shoal/schema";

import { type DaemonClient, daemonClient } from "../../daemon-client.ts";
import { CliError, toFailure } from "../../errors.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { clean } from "../../ui/clean.ts";
import { confirm } from "../../ui/prompt.ts";
import { count } from "../../ui/sizes.ts";
import type { Invocation, NoOptions } from "../command.ts";
import type { RemoveOptions } from "./declarations.ts";
import { findTargets } from "./targets.ts";

/** `shoal pause TRANSFER…`. */
export function runPause(invocation: Invocation<NoOptions>): Promise<number> {
  return change(invocation, "paused", (daemon, { id }) => daemon.post(`/torrents/${id}/pause`));
}

/** `shoal resume TRANSFER…`. */
export function runResume(invocation: Invocation<NoOptions>): Promise<number> {
  return change(invocation, "resumed", (daemon, { id }) => daemon.post(`/torrents/${id}/resume`));
}

/** `shoal rm TRANSFER…`. */
export async function runRemove(invocation: Invocation<RemoveOptions>): Promise<number> {
  const { context, output, options } = invocation;
  const { deleteFiles } = options;
  return change(
    invocation,
    "removed",
    (daemon, { id }) => daemon.delete(`/torrents/${id}?deleteFiles=${deleteFiles}`),
    async (targets) => {
      if (!deleteFiles) return;
      const answer = await confirm(
        context,
        output,
        options,
        `Delete the files of ${count(targets.length, "transfer")}?`,
      );
      if (answer === true) return;
      const why = answer === null ? "Whether to delete files could not be asked" : "Nothing was deleted";
      throw new CliError("ERR_USAGE", why, answer === null ? "Say so with --yes." : "");
    },
  );
}

/** Does one thing to every transfer named, tells of each, and ends with 13 when only some could be done. */
async function change(
  { context, output, args }: Invocation<NoOptions>,
  done: string,
  act: (daemon: DaemonClient, torrent: Torrent) => Promise<unknown>,
  before: (targets: readonly Torrent[]) => Promise<void> = async () => {},
): Promise<number> {
  const daemon = await daemonClient(context);
  const { torrents } = await daemon.get<TorrentList>("/torrents");
  const targets = findTargets(args, torrents);
  await before(targets);
  const failures: unknown[] = [];
  for (const torrent of targets) {
    try {
      await act(daemon, torrent);
      output.note(`${torrent.id}  ${clean(torrent.name)}: ${done}`);
    } catch (error) {
      failures.push(error);
      const { code, message } = toFailure(error);
      output.problem(code, `${torrent.id}  ${clean(torrent.name)}: ${message}`);
    }
  }
  output.document({ [done]: targets.length - failures.length, failed: failures.length });
  if (failures.length === 0) return 0;
  if (failures.length < targets.length) return EXIT_CODES.partial.code;
  throw failures[0];
}
