import type { TorrentList } from "@shoal/schema";

import type { Completes } from "../commands/command.ts";
import type { Context } from "../context.ts";
import { daemonAddress } from "../daemon/address.ts";
import { DaemonClient } from "../daemon/client.ts";
import { clean } from "../ui/clean.ts";
import type { Candidate } from "./complete.ts";

/** A person waits for the next letter. */
const PATIENCE_MS = 150;
const TARGET_WORDS = ["all", "active", "done", "failed"];

/** Words that the command table does not know; none where nobody answers at once. */
export async function knownCandidates(context: Context, completes: Completes): Promise<readonly Candidate[]> {
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
