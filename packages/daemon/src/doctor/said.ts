/** A sentence for its reader, and the same for strangers: without names, ids and addresses. */
export interface Said {
  readonly message: string;
  readonly report: string;
}

/** A part of a sentence that names somebody or something: strangers read `what` it is instead. */
export function hidden(what: string, value: string | number): Said {
  return { message: String(value), report: `<${what}>` };
}

/** A template for sentences: said`free in ${hidden("folder", path)}`. */
export function said(texts: TemplateStringsArray, ...values: readonly (string | number | Said)[]): Said {
  let message = texts[0]!;
  let report = texts[0]!;
  for (const [i, value] of values.entries()) {
    const both = typeof value === "object" ? value : { message: String(value), report: String(value) };
    message += both.message + texts[i + 1]!;
    report += both.report + texts[i + 1]!;
  }
  return { message, report };
}

/** Sentences one after another. */
export function joined(parts: readonly Said[], separator: string): Said {
  return {
    message: parts.map(({ message }) => message).join(separator),
    report: parts.map(({ report }) => report).join(separator),
  };
}
