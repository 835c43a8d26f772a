import type { TorrentList } from "@shoal/schema";

import { type Candidate, complete } from "../../completion/complete.ts";
import { SCRIPTS, type Shell, SHELLS } from "../../completion/scripts.ts";
import type { Context } from "../../context.ts";
import { daemonAddress } from "../../daemon/address.ts";
import { DaemonClient } from "../../daemon/client.ts";
import { usageError } from "../../errors.ts";
import { clean } from "../../ui/clean.ts";
import type { Command, Completes, Invocation, NoOptions } from "../command.ts";

/** A person waits for the next letter. */
const PATIENCE_MS = 150;
const TARGET_WORDS = ["all", "active", "done", "failed"];

/** `shoal completion SHELL`. */
export async function runCompletion({ output, args }: Invocation<NoOptions>): Promise<number> {
  const shell = args[0]!;
  if (!isShell(shell))
    throw usageError(`shoal has no completion for "${clean(shell)}"`, `There is: ${SHELLS.join(", ")}`);
  for (const line of SCRIPTS[shell].trimEnd().split("\n")) output.data(line);
  output.document({ shell, script: SCRIPTS[shell] });
  return 0;
}

/** `shoal complete -- WORDS…`. */
export async function runComplete(
  { context, output, args }: Invocation<NoOptions>,
  table: readonly Command[],
): Promise<number> {
  const { candidates, completes } = complete(args.length === 0 ? [""] : args, table);
  const known = completes === null ? [] : await knownBy(context, completes);
  const beginning = args.at(-1) ?? "";
  const all = [...candidates, ...known.filter(({ word }) => word.startsWith(beginning))];
  for (const { word, about } of all) output.data(`${word}\t${about}`);
  if (completes === "files") output.data(":files");
  output.document({ candidates: all, files: completes === "files" });
  return 0;
}

function isShell(word: string): word is Shell {
  return (SHELLS as readonly string[]).includes(word);
}

async function knownBy(context: Context, completes: Completes): Promise<readonly Candidate[]> {
  switch (completes) {
    case "settings": {
      const { SETTING_KEYS, SETTINGS } = await import("@shoal/schema/settings");
      return SETTING_KEYS.map((key) => ({ word: key, about: SETTINGS[key].about }));
    }
    case "transfers":
      return transfers(context).catch(() => []);
    case "files":
    case "commands":
      return [];
  }
}

/** Of a daemon that answers at once; none is started for this. */
async function transfers(context: Context): Promise<Candidate[]> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(PATIENCE_MS)]);
  const daemon = new DaemonClient(await daemonAddress(context), signal);
  const { torrents } = await daemon.get<TorrentList>("/torrents?fields=id,name,state");
  return [
    ...torrents.flatMap(({ id, name, state }) => [
      { word: String(id), about: clean(name) },
      { word: clean(name), about: `${id}, ${state}` },
    ]),
    ...TARGET_WORDS.map((word) => ({ word, about: "" })),
  ];
}
