export interface Column {
  readonly title: string;
  /** Numbers stand on the right. */
  readonly right?: boolean;
}

/** A table in Markdown whose columns also line up when read as plain text. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, at) =>
    Math.max(3, title.length, ...rows.map((row) => (row[at] ?? "").length)),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const pad = (text: string, at: number): string => {
    const width = widths[at] as number;
    return columns[at]?.right === true ? text.padStart(width) : text.padEnd(width);
  };
  const rule = columns.map(({ right }, at) => {
    const dashes = "-".repeat((widths[at] as number) - 1);
    return right === true ? `${dashes}:` : `-${dashes}`;
  });
  return [
    line(columns.map(({ title }, at) => pad(title, at))),
    line(rule),
    ...rows.map((row) => line(columns.map((_, at) => pad(row[at] ?? "", at)))),
  ].join("\n");
}

/** Three significant digits at least, never an exponent; "–" for what is unknown. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

export function mebibytes(bytes: number): string {
  return formatNumber(bytes / 2 ** 20);
}
