import { FAILURES } from "./failures.ts";
import { cell } from "./table-cell.ts";

/** Reasons for waiting by code, as the engine's `REASONS`. */
export type ReasonTable = Readonly<
  Record<
    string,
    {
      readonly area: string;
      readonly meaning: string;
      readonly actions: readonly string[];
      readonly ends: "itself" | "person";
      readonly until: string;
    }
  >
>;

const HEAD = `# Why nothing moves

<!-- Written by \`npm run docs\` from the tables in the source; a test compares. Edit the tables, not this file. -->

A transfer that waits says why: one code for programs, one sentence for people, and what to do. The command line, the
API (\`waiting\`), the shell and Transmission's \`errorString\` all tell the same. The sentence bears the numbers of the
moment; here is what each code means. In the advice, \`<t>\` stands for the transfer.

## Reasons for waiting

| code | where | meaning | what to do | goes on | until |
| --- | --- | --- | --- | --- | --- |
`;

const FAILURES_HEAD = `
## Reasons that end in *failed*

All of the above only wait. A transfer that can't go on before somebody has done something has *failed* (state \`error\`): it keeps what it has, says why, and
is in \`shoal history\`. When the cause is gone, \`shoal resume <t>\` (\`shoal resume failed\` for all of them; \`POST /api/v1/torrents/:id/retry\`) restores it.

| code | when | what to do before resuming |
| --- | --- | --- |
`;

/** The text of docs/reasons.md. */
export function renderReasons(reasons: ReasonTable): string {
  const rows = Object.entries(reasons).map(([code, { area, meaning, actions, ends, until }]) => {
    const advice = actions.map((action, i) => `${i + 1}. ${cell(action)}`).join("<br>");
    const how = ends === "itself" ? "by itself" : "when somebody acts";
    return `| \`${code}\` | ${area} | ${cell(meaning)} | ${advice} | ${how} | ${cell(until)} |\n`;
  });
  const failures = Object.entries(FAILURES).map(
    ([code, { when, remedy }]) => `| \`${code}\` | ${cell(when)} | ${cell(remedy)} |\n`,
  );
  return HEAD + rows.join("") + FAILURES_HEAD + failures.join("");
}
