import type { LimitChanges, Limits } from "@shoal/schema";
import { parseRate } from "@shoal/schema/settings";

import { daemonClient } from "../../daemon-client.ts";
import { usageError } from "../../errors.ts";
import { clean } from "../../ui/clean.ts";
import { formatRate } from "../../ui/sizes.ts";
import type { Invocation, NoOptions } from "../command.ts";

type Plain = Invocation<NoOptions>;

const STANDS_BEFORE = "A variable of the environment or a flag stands before the configuration file.";

/** `shoal limit show`. */
export async function runLimitShow({ context, output }: Plain): Promise<number> {
  const limits = await (await daemonClient(context)).get<Limits>("/limits");
  output.document(limits);
  for (const line of limitLines(limits)) output.data(line);
  return 0;
}

/** `shoal limit down SPEED`. */
export function runLimitDown(invocation: Plain): Promise<number> {
  return setOne(invocation, "down");
}

/** `shoal limit up SPEED`. */
export function runLimitUp(invocation: Plain): Promise<number> {
  return setOne(invocation, "up");
}

/** `shoal limit slow [on|off]`. */
export async function runLimitSlow({ context, output, args }: Plain): Promise<number> {
  const [word] = args;
  if (word !== undefined && word !== "on" && word !== "off")
    throw usageError(`Slow mode can't be "${clean(word)}"`, "It is on or off.");
  const body = word === undefined ? {} : { on: word === "on" };
  const limits = await (await daemonClient(context)).post<Limits>("/limits/slow", body);
  output.document(limits);
  output.note(`${slowText(limits)}. Now: ${speedsText(limits)}.`);
  return 0;
}

/** `shoal limit schedule [TIME…]`. */
export async function runLimitSchedule({ context, output, args }: Plain): Promise<number> {
  const daemon = await daemonClient(context);
  const isOff = args.length === 1 && (args[0] === "off" || args[0] === "none");
  const schedule = isOff ? [] : [...args];
  const isNew = args.length > 0;
  const limits = isNew
    ? await daemon.patch<Limits>("/limits", { schedule })
    : await daemon.get<Limits>("/limits");
  output.document(limits);
  if (!isNew) for (const time of limits.schedule) output.data(clean(time));
  if (limits.schedule.length === 0) output.note("There is no schedule: slow mode is switched by hand.");
  else output.note(`${slowText(limits)}.`);
  if (isNew && limits.schedule.join() !== schedule.join()) output.warn(STANDS_BEFORE);
  return 0;
}

async function setOne({ context, output, args }: Plain, way: "down" | "up"): Promise<number> {
  const rate = readRate(args[0]!);
  const changes: LimitChanges = way === "down" ? { down: rate } : { up: rate };
  const limits = await (await daemonClient(context)).patch<Limits>("/limits", changes);
  output.document(limits);
  output.note(`${way === "down" ? "Downloads" : "Uploads"}: ${rateText(limits.normal[way])}.`);
  if (limits[way] !== limits.normal[way])
    output.note(`Slow mode is on: until it ends, ${rateText(limits[way])}.`);
  if (limits.normal[way] !== rate) output.warn(STANDS_BEFORE);
  return 0;
}

function readRate(text: string): number | null {
  if (text === "off" || text === "none") return null;
  const rate = parseRate(text);
  const form = "Write it as 500k, 2M or in bytes per second; off for none.";
  if (rate === null) throw usageError(`"${clean(text)}" is no speed`, form);
  return rate === 0 ? null : rate;
}

function limitLines(limits: Limits): string[] {
  const { normal, slow, schedule } = limits;
  return [
    `now        ${speedsText(limits)}`,
    `normally   ${speedsText(normal)}`,
    `slow mode  ${speedsText(slow)}`,
    slowText(limits),
    ...(schedule.length === 0 ? [] : [`Schedule: ${schedule.map(clean).join("; ")}`]),
  ];
}

function speedsText({ down, up }: { readonly down: number | null; readonly up: number | null }): string {
  return `down ${rateText(down)}, up ${rateText(up)}`;
}

function rateText(rate: number | null): string {
  return rate === null ? "no limit" : formatRate(rate);
}

/** "Slow mode is on by the schedule, until Mon 17:00". */
function slowText({ slow }: Limits): string {
  const why = slow.by === "schedule" ? " by the schedule" : slow.by === "hand" ? " by hand" : "";
  const until = slow.until === null ? "" : `, until ${timeText(slow.until)}`;
  return `Slow mode is ${slow.on ? "on" : "off"}${why}${until}`;
}

/** Within a week, in local time. */
function timeText(time: string): string {
  const date = new Date(time);
  const day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][date.getDay()]!;
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
