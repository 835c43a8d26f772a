import { realpath } from "node:fs/promises";
import { dirname, join, basename, relative, isAbsolute, resolve, sep } from "node:path";
import { ApiError, type TokenRecord } from "@shoal/server";
import type { ShoalNode } from "../shoal-node.ts";

/**
 * Whoever has a token that is not admin reads and writes in the node's own folders alone. `bearer` null: the user of this machine. Throws
 * ApiError ERR_FOLDER.
 */
export async function assertAllowed(
  node: Pick<ShoalNode, "downloadDir">,
  bearer: Pick<TokenRecord, "scope"> | null,
  path: string,
): Promise<void> {
  if (bearer === null || bearer.scope === "admin") return;
  const wanted = await real(resolve(path));
  if (isWithin(wanted, await real(node.downloadDir))) return;
  throw new ApiError(
    403,
    "ERR_FOLDER",
    `${path} is not in the download folder, and this token may use no other`,
    "Make a token that may: shoal token new --scope admin --for NAME",
  );
}

/** Without links, as far as it exists. */
async function real(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await real(parent), basename(path));
  }
}

function isWithin(path: string, folder: string): boolean {
  const below = relative(folder, path);
  return below !== ".." && !below.startsWith(`..${sep}`) && !isAbsolute(below);
}
