import { randomUUID } from "node:crypto";

import { CliError } from "../../errors.ts";
import { confirm } from "../../ui/prompt.ts";
import { count } from "../../ui/sizes.ts";
import type { Invocation } from "../command.ts";
import type { RemoveOptions } from "./declarations.ts";
import { type AllOption, type Deed, forEachTarget } from "./each-target.ts";

/** `shoal pause TRANSFER…`. */
export function runPause(invocation: Invocation<AllOption>): Promise<number> {
  return forEachTarget(invocation, invocation.args, {
    done: "paused",
    act: (daemon, { id }) => daemon.post(`/torrents/${id}/pause`),
  });
}

/** `shoal resume TRANSFER…`. */
export function runResume(invocation: Invocation<AllOption>): Promise<number> {
  return forEachTarget(invocation, invocation.args, {
    done: "resumed",
    act: (daemon, { id }) => daemon.post(`/torrents/${id}/resume`),
  });
}

/** `shoal cancel TRANSFER…`. */
export function runCancel(invocation: Invocation<AllOption>): Promise<number> {
  return remove(invocation, "cancelled", false);
}

/** `shoal rm TRANSFER…`. */
export async function runRemove(invocation: Invocation<RemoveOptions>): Promise<number> {
  const { context, output, options } = invocation;
  const { deleteFiles } = options;
  return remove(invocation, "removed", deleteFiles, async (targets) => {
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
  });
}

/** What one command removes, one `shoal undo` brings back. */
async function remove(
  invocation: Invocation<AllOption>,
  done: string,
  deleteFiles: boolean,
  before: Deed["before"] = async () => {},
): Promise<number> {
  const batch = randomUUID();
  const code = await forEachTarget(invocation, invocation.args, {
    done,
    act: (daemon, { id }) => daemon.delete(`/torrents/${id}?deleteFiles=${deleteFiles}&batch=${batch}`),
    before,
  });
  invocation.output.note(deleteFiles ? "To have all of it back: shoal undo" : "Undo it with: shoal undo");
  return code;
}
