/** Text as roff takes it literally. */
export function escape(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("`", "\\(ga")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti")
    .replaceAll("…", "...")
    .replace(/^\./gm, "\\&.");
}

/** "TITLE(section)" and what is at the foot of each page. */
export function title(name: string, section: number, version: string): string[] {
  return [`.TH ${name.toUpperCase()} ${section} "" "shoal ${version}" "Shoal"`];
}

export function section(name: string): string {
  return `.SH ${name.toUpperCase()}`;
}

export function subsection(name: string): string {
  return `.SS ${escape(name)}`;
}

/** A paragraph of its own. */
export function paragraph(text: string): string[] {
  return [".PP", escape(text)];
}

/** Something and, indented below it, what it is. */
export function item(term: string, ...lines: readonly string[]): string[] {
  return [".TP", `.B ${escape(term)}`, ...lines.map(escape)];
}

/** Lines as they stand. */
export function literal(lines: readonly string[]): string[] {
  return [".PP", ".nf", ".RS", ...lines.map(escape), ".RE", ".fi"];
}
