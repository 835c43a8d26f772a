import type { Notice, TorrentList } from "@shoal/schema";

import { knownCandidates } from "../completion/known.ts";
import type { Command, Completes } from "../commands/command.ts";
import type { Context } from "../context.ts";
import type { DaemonClient } from "../daemon/client.ts";
import { clean } from "../ui/clean.ts";
import { formatClock } from "../ui/durations.ts";
import { count } from "../ui/sizes.ts";
import { aborted } from "../ui/ticker.ts";
import type { History } from "./history.ts";
import { type Interpreter, SHELL_WORDS } from "./interpreter.ts";
import { completeLine } from "./line-completer.ts";
import { LinePrompt } from "./line-prompt.ts";
import { Watcher } from "./watcher.ts";

const PROMPT = "shoal> ";

export interface InteractiveParts {
  readonly history: History;
  readonly table: readonly Command[];
  readonly connect: (signal: AbortSignal) => DaemonClient;
}

/** Takes lines from a terminal and runs them, until somebody leaves. Returns the exit code. */
export async function runInteractively(
  context: Context,
  interpreter: Interpreter,
  { history, table, connect }: InteractiveParts,
): Promise<number> {
  let prompt: LinePrompt | null = null;
  let status = "";
  /** What happened while a command had the screen. */
  const waiting: string[] = [];
  const tell = (line: string): void => {
    if (prompt === null) waiting.push(line);
    else prompt.above([line]);
  };
  const watcher = new Watcher(connect, {
    onNotice: (notice) => tell(noticeLine(context, notice)),
    onStatus: (line) => {
      status = line;
      if (prompt !== null) prompt.status = line;
    },
    onConnection: (isThere) =>
      tell(isThere ? "The daemon is there again." : "The daemon is gone; looking for it …"),
  });
  const release = context.onInterrupt(() => void interpreter.interrupt("interrupt"));
  const known = async (completes: Completes): Promise<readonly string[]> =>
    (await knownCandidates(context, completes)).map(({ word }) => word);
  const end = aborted(context.signal).then(() => "ended" as const);
  try {
    while (!context.signal.aborted) {
      for (const line of waiting.splice(0)) context.stderr.write(`${line}\n`);
      prompt = new LinePrompt(
        context,
        {
          prompt: PROMPT,
          history: history.lines,
          complete: (line) => completeLine(line, table, SHELL_WORDS, known),
        },
        status,
      );
      const typed = await Promise.race([prompt.read(), end]);
      prompt.close();
      prompt = null;
      if (typed === "ended") return await leave(context, connect(context.signal));
      if (typed === "cancelled") continue;
      await history.add(typed.line);
      const outcome = await interpreter.interpret(typed.line);
      if (outcome.leave === "stop") return await interpreter.stopDaemon();
      if (outcome.leave === "stay") return await leave(context, connect(context.signal));
    }
    return 0;
  } finally {
    release();
    await watcher.close();
  }
}

/** Nothing that runs ends with the shell: says so. */
async function leave(context: Context, daemon: DaemonClient): Promise<number> {
  const { torrents } = await daemon
    .get<TorrentList>("/torrents?fields=id,state")
    .catch(() => ({ torrents: [] }));
  const running = torrents.filter(({ state }) => state === "downloading" || state === "metadata").length;
  if (running > 0) {
    const goOn = running === 1 ? "goes on" : "go on";
    context.note(`${count(running, "transfer")} ${goOn} in the background. Stop: shoal daemon stop`);
  }
  return 0;
}

function noticeLine(context: Context, { message }: Notice): string {
  return `${formatClock(context.wallTime()).slice(0, 5)} ${clean(message)}`;
}
