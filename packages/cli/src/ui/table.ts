import stringWidth from "string-width";

/** A column of a table: its heading (may be empty) and the side its cells are aligned to. */
export interface Column {
  readonly heading: string;
  readonly align: "left" | "right";
}

/** Columns under these headings; one that begins with ">" has its cells to the right. */
export function columnsOf(...headings: readonly string[]): Column[] {
  return headings.map((heading) =>
    heading.startsWith(">") ? { heading: heading.slice(1), align: "right" } : { heading, align: "left" },
  );
}

/** Rows under headings, aligned by what a terminal shows; or, with `plain`, separated by tabs for programs. No trailing blanks. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  plain = false,
): string[] {
  const headings = columns.map((column) => column.heading);
  const all = headings.some((heading) => heading !== "") ? [headings, ...rows] : rows;
  if (plain) return all.map((row) => row.join("\t"));
  const widths = columns.map((_, at) => Math.max(0, ...all.map((row) => stringWidth(row[at] ?? ""))));
  return all.map((row) =>
    columns
      .map((column, at) => pad(row[at] ?? "", widths[at] ?? 0, column.align))
      .join("  ")
      .trimEnd(),
  );
}

/** `text` filled with blanks to `width` columns. */
export function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const blanks = " ".repeat(Math.max(0, width - stringWidth(text)));
  return align === "left" ? text + blanks : blanks + text;
}

/** `text` cut to at most `width` columns, with "…" where something is missing. Text without escape sequences only. */
export function truncate(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = "";
  for (const { segment } of SEGMENTER.segment(text)) {
    if (stringWidth(kept + segment) > width - 1) break;
    kept += segment;
  }
  return width <= 0 ? "" : `${kept}…`;
}

/** `text` cut in the middle: for paths, where both ends say something. */
export function truncateMiddle(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const segments = [...SEGMENTER.segment(text)].map(({ segment }) => segment);
  const tail: string[] = [];
  while (stringWidth(tail.join("")) < Math.floor(width / 2) && segments.length > 0)
    tail.unshift(segments.pop() ?? "");
  const end = tail.join("");
  return truncate(segments.join(""), width - stringWidth(end)).replace(/…?$/, "…") + end;
}

const SEGMENTER = new Intl.Segmenter();

const MIN_FLOW = 20;
const MAX_FLOW_LINES = 4;
const FLOW_INDENT = "      ";

/**
 * `head` and `parts` behind it in lines that fit a live area of `columns`; what does not go on the first line follows, indented, in
 * three more at most. `paint` paints the parts.
 */
export function flow(
  head: string,
  parts: readonly string[],
  separator: string,
  columns: number,
  paint: (text: string) => string = (text) => text,
): string[] {
  const width = Math.max(MIN_FLOW, columns - 1);
  const lines: string[] = [];
  let start = head;
  let text = "";
  for (const [at, part] of parts.entries()) {
    const more = at < parts.length - 1 ? part + separator : part;
    if (stringWidth(start + text + more.trimEnd()) > width && (text !== "" || start === head)) {
      lines.push((start + paint(text.trimEnd())).trimEnd());
      start = FLOW_INDENT;
      text = "";
    }
    text += more;
  }
  lines.push((start + paint(text.trimEnd())).trimEnd());
  if (lines.length <= MAX_FLOW_LINES) return lines;
  return [...lines.slice(0, MAX_FLOW_LINES - 1), `${lines[MAX_FLOW_LINES - 1]!}…`];
}

/** Words of `text` in lines of at most `width` columns. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && stringWidth(line) + 1 + stringWidth(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return line === "" ? lines : [...lines, line];
}
