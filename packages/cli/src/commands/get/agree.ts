import { join } from "node:path";

import type { FileChanges, TorrentFiles } from "@shoal/schema";

import type { DaemonClient } from "../../daemon-client.ts";
import { toFailure } from "../../errors.ts";
import { ensureWritableDir, shownPath, userPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { ask } from "../../ui/prompt.ts";
import type { Invocation } from "../command.ts";
import type { GetOptions } from "./declaration.ts";
import type { Followed } from "./followed.ts";
import { makeSelection } from "./selection.ts";

type GetInvocation = Invocation<GetOptions>;

/** Asks about a download of which the files are known, and which rests meanwhile, and does what is answered. False: it is not wanted. */
export async function agree(
  invocation: GetInvocation,
  daemon: DaemonClient,
  followed: Followed,
): Promise<boolean> {
  const { context, options } = invocation;
  if (options.choose && !(await chooseFiles(invocation, daemon, followed))) return false;
  let dir = followed.torrent.downloadDir;
  for (;;) {
    const path = shownPath(context, join(dir, followed.rootName));
    const answer = await ask(
      context,
      `Save in ${clean(path)}?  [Enter] yes   c choose files   d other folder   n no: `,
    );
    switch (answer?.toLowerCase()) {
      case "":
      case "y":
      case "yes":
        return true;
      case "c":
        if (!(await chooseFiles(invocation, daemon, followed))) return false;
        break;
      case "d":
        dir = await otherFolder(invocation, daemon, followed, dir);
        break;
      case "n":
      case "no":
      case undefined:
        return false;
      default:
        break;
    }
  }
}

/** False after Ctrl-C. */
async function chooseFiles(
  { context, output }: GetInvocation,
  daemon: DaemonClient,
  { torrent }: Followed,
): Promise<boolean> {
  const path = `/torrents/${torrent.id}/files`;
  const { files } = await daemon.get<TorrentFiles>(path);
  for (;;) {
    const answer = await ask(
      context,
      "Which files? Numbers such as 1,3-5 or patterns such as *.jpg; [Enter] all: ",
    );
    if (answer === null) return false;
    try {
      const isChosen = makeSelection(answer.split(/\s+/).filter((word) => word !== ""));
      const want = files.filter((file, at) => isChosen(at + 1, file.path)).map(({ index }) => index);
      if (want.length > 0) {
        const changes: FileChanges = {
          want,
          skip: files.map(({ index }) => index).filter((index) => !want.includes(index)),
        };
        await daemon.patch<TorrentFiles>(path, changes);
        output.note(`${want.length} of ${files.length} chosen.`);
        return true;
      }
      output.warn("No file is called that.");
    } catch (error) {
      output.warn(toFailure(error).message);
    }
  }
}

/** The folder that it goes to now: the one before, when nothing was named or it can't be used. */
async function otherFolder(
  { context, output }: GetInvocation,
  daemon: DaemonClient,
  { torrent }: Followed,
  before: string,
): Promise<string> {
  const answer = await ask(context, "In which folder? ");
  if (answer === null || answer === "") return before;
  const dir = userPath(context, answer);
  try {
    await ensureWritableDir(dir, shownPath(context, dir));
    await daemon.post(`/torrents/${torrent.id}/move`, { dir }, null);
    return dir;
  } catch (error) {
    output.warn(toFailure(error).message);
    return before;
  }
}
