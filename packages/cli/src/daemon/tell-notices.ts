import type { KeptNoticeList } from "@shoal/schema";

import type { Context } from "../context.ts";
import { clean } from "../ui/clean.ts";
import type { DaemonClient } from "./client.ts";

/** Lines at most; the rest is counted. */
const MOST = 5;

/** What happened while nobody was watching, once. Who can't be told of it goes on with what they wanted. */
export async function tellNotices(context: Context, daemon: DaemonClient): Promise<void> {
  try {
    const { notices } = await daemon.get<KeptNoticeList>("/notices?unseen=true");
    const last = notices.at(-1);
    if (last === undefined) return;
    for (const { message } of notices.slice(-MOST)) context.note(clean(message));
    if (notices.length > MOST) context.note(`and ${notices.length - MOST} more since you last looked`);
    await daemon.post("/notices/seen", { upTo: last.id });
  } catch {
    // Nobody has asked for them.
  }
}
