import type { MadeToken, TokenList } from "@shoal/schema";

import { daemonClient } from "../../daemon-client.ts";
import { CliError, usageError } from "../../errors.ts";
import { clean } from "../../ui/clean.ts";
import { columnsOf, renderTable } from "../../ui/table.ts";
import type { Invocation, NoOptions } from "../command.ts";
import type { NewTokenOptions } from "./declarations.ts";

/** `shoal token new --for NAME`. */
export async function runNewToken({
  context,
  output,
  options,
}: Invocation<NewTokenOptions>): Promise<number> {
  if (options.for === null) throw usageError("Say for whom it is", "Such as: shoal token new --for sonarr");
  const body = { name: options.for, scope: options.scope };
  const made = await (await daemonClient(context)).post<MadeToken>("/tokens", body);
  output.document(made);
  output.data(`user      ${made.user}`);
  output.data(`password  ${made.password}`);
  output.note("The password is not shown again.");
  return 0;
}

/** `shoal token list`. */
export async function runListTokens({ context, output }: Invocation<NoOptions>): Promise<number> {
  const list = await (await daemonClient(context)).get<TokenList>("/tokens");
  output.document(list);
  const columns = columnsOf("NAME", "MAY", "MADE", "LAST USED");
  const rows = list.tokens.map(({ name, scope, createdAt, lastUsedAt }) => [
    clean(name),
    scope,
    createdAt,
    lastUsedAt ?? "never",
  ]);
  for (const line of renderTable(columns, rows, output.piped)) output.data(line);
  return 0;
}

/** `shoal token revoke NAME`. */
export async function runRevokeToken({ context, output, args }: Invocation<NoOptions>): Promise<number> {
  const daemon = await daemonClient(context);
  const { tokens } = await daemon.get<TokenList>("/tokens");
  const token = tokens.find(({ name }) => name === args[0]);
  if (token === undefined) {
    throw new CliError(
      "ERR_NOT_FOUND",
      `There is no password for ${clean(args[0]!)}`,
      "See what there is with: shoal token list",
    );
  }
  await daemon.delete(`/tokens/${token.id}`);
  output.note(`${clean(token.name)} can't get in any more.`);
  output.document({ revoked: token.name });
  return 0;
}
