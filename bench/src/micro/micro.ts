import type { Options } from "../options.ts";
import { note, saveResults } from "../report.ts";
import { formatNumber, formatTable, mebibytes } from "../table.ts";
import { measureDisk } from "./disk.ts";
import type { DiskMeasured } from "./disk.ts";
import { loadEngineParts } from "./engine-parts.ts";
import type { EngineParts } from "./engine-parts.ts";
import { ipFilterSubjects } from "./ip-filter.ts";
import { framingSubjects } from "./framing.ts";
import { measureAll } from "./measure.ts";
import type { Measured, Subject } from "./measure.ts";
import { metadataSubjects } from "./metadata.ts";
import { obfuscationSubjects } from "./obfuscation.ts";
import { pickerSubjects } from "./picker.ts";

const GROUPS: Readonly<Record<string, (parts: EngineParts) => Subject[]>> = {
  picker: pickerSubjects,
  framing: framingSubjects,
  bencode: metadataSubjects,
  obfuscation: obfuscationSubjects,
  "ip-filter": ipFilterSubjects,
};

/** The parts of the hot path by themselves, beside what was promised for them. */
export async function runMicro(options: Options): Promise<void> {
  const wanted = (group: string): boolean => group.includes(options.filter);
  const parts = await loadEngineParts();
  const measured = Object.entries(GROUPS).flatMap(([name, subjects]) =>
    wanted(name) ? measureAll(subjects(parts)) : [],
  );
  if (measured.length > 0) note(`\n${measuredTable(measured)}`);
  const disk = wanted("disk") ? await measureDisk(parts) : [];
  if (disk.length > 0) note(`\n${diskTable(disk)}`);
  await saveResults(options, { bench: "micro" }, [...measured, ...disk]);
}

const RIGHT = (title: string): { title: string; right: true } => ({ title, right: true });

function measuredTable(rows: readonly Measured[]): string {
  return formatTable(
    [{ title: "operation" }, RIGHT("ns, median"), RIGHT("ns, p99"), RIGHT("MiB/s"), RIGHT("target")],
    rows.map(({ name, nanoseconds, p99, bytesPerSecond, target }) => [
      name,
      formatNumber(nanoseconds),
      p99 === null ? "" : formatNumber(p99),
      bytesPerSecond === null ? "" : mebibytes(bytesPerSecond),
      target,
    ]),
  );
}

function diskTable(rows: readonly DiskMeasured[]): string {
  return formatTable(
    [{ title: "operation" }, RIGHT("MiB/s"), RIGHT("CPU s a GiB"), RIGHT("sum of parts (baseline)")],
    rows.map(({ name, bytesPerSecond, cpuSecondsPerGib, target }) => [
      name,
      mebibytes(bytesPerSecond),
      formatNumber(cpuSecondsPerGib),
      target,
    ]),
  );
}
