import type { BulkResult, LabelList, Torrent } from "@shoal/schema";

import type { DaemonClient } from "../../../daemon-client.ts";
import { CliError, usageError } from "../../../errors.ts";
import { userPath } from "../../../paths.ts";
import { clean } from "../../../ui/clean.ts";
import type { Invocation, NoOptions } from "../../command.ts";
import { parsePeer } from "../../option.ts";
import { forEachTarget, oneTarget } from "../../transfers/each-target.ts";
import type { LabelOptions, MoveOptions } from "./declarations.ts";
import { parseChanges } from "./changes.ts";

/** `shoal torrent announce TRANSFER…`. */
export function runAnnounce(invocation: Invocation<NoOptions>): Promise<number> {
  return forEachTarget(invocation, invocation.args, {
    done: "announced",
    act: (daemon, { id }) => daemon.post(`/torrents/${id}/announce`),
  });
}

/** `shoal torrent verify TRANSFER`: with the daemon. */
export function recheck(invocation: Invocation<NoOptions>): Promise<number> {
  return forEachTarget(invocation, invocation.args, {
    done: "checking",
    act: (daemon, { id }) => daemon.post(`/torrents/${id}/recheck`),
  });
}

/** `shoal torrent set TRANSFER KEY=VALUE…`. */
export function runSet(invocation: Invocation<NoOptions>): Promise<number> {
  const [target = "", ...words] = invocation.args;
  const changesOf = parseChanges(words);
  return forEachTarget(invocation, [target], {
    done: "changed",
    act: (daemon, torrent) => daemon.patch(`/torrents/${torrent.id}`, changesOf(torrent)),
  });
}

/** `shoal torrent queue TRANSFER WHERE`. */
export async function runQueue(invocation: Invocation<NoOptions>): Promise<number> {
  const [target = "", where = ""] = invocation.args;
  const isPlace = /^[1-9]\d{0,8}$/.test(where);
  if (!isPlace && !["top", "up", "down", "bottom"].includes(where))
    throw usageError(
      `"${clean(where)}" is no place in the queue`,
      "Write top, up, down, bottom or a number.",
    );
  const queue = isPlace ? { position: Number(where) } : { move: where };
  // All at once: each by itself they would pass each other.
  return forEachTarget(invocation, [target], {
    done: "moved",
    before: async (targets, daemon) => {
      const ids = targets.map(({ id }) => id);
      await daemon.post<BulkResult>("/torrents/actions", { ids, action: "queue", queue });
    },
    act: async () => {},
  });
}

/** `shoal torrent label TRANSFER +A -B`. */
export async function runLabel(invocation: Invocation<LabelOptions>): Promise<number> {
  const { args, options, output, context } = invocation;
  const [target = "", ...words] = args;
  const add = [...options.add, ...signed(words, "+")];
  const remove = [...options.remove, ...signed(words, "-")];
  const other = words.find((word) => !/^[+-]./.test(word));
  if (other !== undefined)
    throw usageError(
      `"${clean(other)}" has no sign`,
      `Write +${clean(other)} to put it on, or -${clean(other)}.`,
    );
  if (add.length + remove.length === 0 && !options.move) {
    const { torrent } = await oneTarget(context, target);
    for (const label of torrent.labels) output.data(clean(label));
    if (torrent.labels.length === 0)
      output.note("It has no labels. Put one on with: shoal torrent label N +NAME");
    output.document({ id: torrent.id, name: torrent.name, labels: torrent.labels });
    return 0;
  }
  return forEachTarget(invocation, [target], {
    done: "labelled",
    act: async (daemon, torrent) => {
      const labels = [...new Set([...torrent.labels, ...add])].filter((label) => !remove.includes(label));
      await daemon.patch<Torrent>(`/torrents/${torrent.id}`, { labels });
      if (options.move) await moveToLabel(daemon, torrent.id, labels);
    },
  });
}

async function moveToLabel(daemon: DaemonClient, id: number, names: readonly string[]): Promise<void> {
  const { labels } = await daemon.get<LabelList>("/labels");
  const folder = names.map((name) => labels.find((label) => label.name === name)?.folder ?? null);
  const dir = folder.find((path) => path !== null);
  if (dir === undefined)
    throw new CliError(
      "ERR_NOT_FOUND",
      "None of its labels has a folder",
      "Give one: shoal label set NAME --folder DIR",
    );
  await daemon.post(`/torrents/${id}/move`, { dir });
}

function signed(words: readonly string[], sign: string): string[] {
  return words.filter((word) => word.startsWith(sign)).map((word) => word.slice(1));
}

/** `shoal torrent move TRANSFER DIR`. */
export function runMove(invocation: Invocation<MoveOptions>): Promise<number> {
  const [target = "", word = ""] = invocation.args;
  const { adopt, overwrite } = invocation.options;
  const dir = userPath(invocation.context, word);
  return forEachTarget(invocation, [target], {
    done: adopt ? "adopted" : "moved",
    act: (daemon, { id }) => daemon.post(`/torrents/${id}/move`, { dir, adopt, overwrite }, null),
  });
}

/** `shoal torrent rename TRANSFER [PATH] NEW`. */
export async function runRename({ context, output, args }: Invocation<NoOptions>): Promise<number> {
  const [word = "", first = "", second] = args;
  const { daemon, torrent } = await oneTarget(context, word);
  const body = second === undefined ? { name: first } : { path: first.replace(/\/$/, ""), name: second };
  const renamed = await daemon.post<Torrent>(`/torrents/${torrent.id}/rename`, body);
  output.document(renamed);
  output.note(
    `${renamed.id}  ${clean(second === undefined ? torrent.name : first)} is called ${clean(body.name)} now`,
  );
  return 0;
}

/** `shoal torrent peers TRANSFER HOST:PORT…`. */
export function runPeers(invocation: Invocation<NoOptions>): Promise<number> {
  const [target = "", ...words] = invocation.args;
  for (const word of words) {
    try {
      parsePeer(word);
    } catch (error) {
      throw usageError(`"${clean(word)}" is no peer`, error instanceof Error ? `${error.message}.` : "");
    }
  }
  return forEachTarget(invocation, [target], {
    done: "told",
    act: (daemon, { id }) => daemon.post(`/torrents/${id}/peers`, { peers: words }),
  });
}
