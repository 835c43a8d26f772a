import { CliError } from "../../errors.ts";
import { confirm } from "../../ui/prompt.ts";
import { count } from "../../ui/sizes.ts";
import type { Invocation } from "../command.ts";
import type { RemoveOptions } from "./declarations.ts";
import { type AllOption, forEachTarget } from "./each-target.ts";

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

/** `shoal rm TRANSFER…`. */
export async function runRemove(invocation: Invocation<RemoveOptions>): Promise<number> {
  const { context, output, options } = invocation;
  const { deleteFiles } = options;
  return forEachTarget(invocation, invocation.args, {
    done: "removed",
    act: (daemon, { id }) => daemon.delete(`/torrents/${id}?deleteFiles=${deleteFiles}`),
    before: async (targets) => {
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
  });
}
