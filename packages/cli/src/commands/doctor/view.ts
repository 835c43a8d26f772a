import type { DoctorCheck, DoctorReport } from "@shoal/schema";

import { clean } from "../../ui/clean.ts";
import type { Style } from "../../ui/style.ts";
import { wrap } from "../../ui/table.ts";

const NAME_WIDTH = 11;
const STATUS_WIDTH = 4;
const INDENT = " ".repeat(2 + STATUS_WIDTH + 2 + NAME_WIDTH);
const REACH: Readonly<Record<DoctorReport["addresses"][number]["reach"], string>> = {
  computer: "on this computer",
  network: "in the local network",
  everybody: "for everybody",
};

/** What a person reads, in lines of at most so many columns; Infinity for no limit. */
export function reportLines(report: DoctorReport, style: Style, columns: number): string[] {
  const paint: Record<DoctorCheck["status"], (text: string) => string> = {
    ok: style.good,
    info: style.dim,
    warn: style.warn,
    fail: style.bad,
  };
  const lines = [`${clean(report.summary)}.`];
  for (const { check, status, message } of report.checks) {
    const [first, ...more] = wrap(clean(message), columns - INDENT.length);
    const head = `  ${paint[status](statusText(status))}  ${check.padEnd(NAME_WIDTH)}`;
    lines.push(head + first, ...more.map((line) => INDENT + line));
  }
  if (report.addresses.length > 0) {
    const given = report.addresses.map(({ address, reach }) => `${address} (${REACH[reach]})`);
    const [first, ...more] = wrap(given.join(", "), columns - INDENT.length);
    const head = `  ${" ".repeat(STATUS_WIDTH)}  ${"addresses".padEnd(NAME_WIDTH)}`;
    lines.push(head + first, ...more.map((line) => INDENT + line));
  }
  const [first, ...more] = report.tries.map((text, i) => `${i + 1} ${clean(text)}`);
  if (first !== undefined) lines.push(`Try: ${first}`, ...more.map((line) => `     ${line}`));
  return lines;
}

/** The same for strangers: without names, ids and addresses. */
export function sharedLines(report: DoctorReport): string[] {
  const { torrent, checks } = report;
  const about =
    torrent === null
      ? "the whole node"
      : `one transfer, ${torrent.state}${torrent.percent === null ? "" : ` (${torrent.percent} %)`}${torrent.waiting === null ? "" : `, waits: ${torrent.waiting.code}`}`;
  return [
    `shoal doctor: ${about}`,
    ...checks.map(
      ({ check, status, report: text }) => `${statusText(status)}  ${check.padEnd(NAME_WIDTH)}${clean(text)}`,
    ),
  ];
}

function statusText(status: DoctorCheck["status"]): string {
  return (status === "fail" ? "FAIL" : status).padEnd(STATUS_WIDTH);
}
