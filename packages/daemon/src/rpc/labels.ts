import type { ArgumentReader } from "./arguments.ts";
import { RpcError } from "./rpc-error.ts";
import { plain } from "./values.ts";

const MAX_LABEL = 100;

/** `labels`, trimmed and each once; RpcError for those that could not be told apart in a list. */
export function readLabels(args: ArgumentReader): string[] | undefined {
  const labels = args.texts("labels")?.map((label) => plain(label).trim());
  if (labels === undefined) return undefined;
  if (labels.includes("")) throw new RpcError("labels cannot be empty");
  if (labels.some((label) => label.includes(",")))
    throw new RpcError("labels cannot contain comma (,) character");
  if (labels.some((label) => label.length > MAX_LABEL))
    throw new RpcError(`labels cannot be longer than ${MAX_LABEL} characters`);
  return [...new Set(labels)];
}
