import type { NodeStatus, Torrent } from "@shoal/schema";

import { formatRough } from "../ui/durations.ts";
import { clean } from "../ui/clean.ts";
import { formatPercent, formatRate } from "../ui/sizes.ts";
import { truncate } from "../ui/table.ts";

/** What a stream tells of a transfer, as far as the line shows it. */
export type StatusRow = Pick<Torrent, "id" | "name" | "state" | "wanted" | "have" | "downRate" | "etaMs">;

/** Transfers that are shown one by one. */
const SHOWN = 2;
const NAME = 24;

/** One line for the foot of the shell; "" when nothing goes on. */
export function statusLine(status: Partial<NodeStatus>, rows: Iterable<StatusRow>): string {
  const downloads = [...rows]
    .filter(({ state }) => state === "downloading")
    .sort((a, b) => b.downRate - a.downRate || a.id - b.id);
  const parts = downloads.slice(0, SHOWN).map(shown);
  const others = downloads.length - SHOWN;
  if (others > 0) parts.push(`and ${others} more`);
  const { downRate = 0, upRate = 0, obstacle = null } = status;
  if (downRate + upRate > 0) parts.push(`↓ ${formatRate(downRate)} ↑ ${formatRate(upRate)}`);
  if (obstacle !== null) parts.push(clean(obstacle));
  return parts.join("   ");
}

function shown({ id, name, have, wanted, downRate, etaMs }: StatusRow): string {
  const percent = wanted === 0 ? "" : ` ${formatPercent(have / wanted)}`;
  const speed = downRate === 0 ? " waits" : ` ${formatRate(downRate)}`;
  const left = etaMs === null || downRate === 0 ? "" : ` ${formatRough(etaMs)} left`;
  return `[${id}] ${truncate(clean(name), NAME)}${percent}${speed}${left}`;
}
