import { realpath } from "node:fs/promises";
import { dirname, join, basename, isAbsolute, resolve } from "node:path";
import { ApiError, type TokenRecord } from "@shoal/server";
import { isInside } from "../files/is-inside.ts";
import type { ShoalNode } from "../shoal-node.ts";

type Roots = Pick<ShoalNode, "downloadDir" | "labels" | "settings">;

/**
 * Whoever has a token that is not admin reads and writes in the node's own folders alone. `bearer` null: the user of this machine. Throws
 * ApiError ERR_FOLDER.
 */
export async function assertAllowed(
  node: Roots,
  bearer: Pick<TokenRecord, "scope"> | null,
  path: string,
): Promise<void> {
  if (bearer === null || bearer.scope === "admin") return;
  const wanted = await real(resolve(path));
  const folders = [
    node.downloadDir,
    node.settings.get("downloads.incompleteDir"),
    ...node.labels.list().map(({ folder }) => folder),
  ].filter((folder) => folder !== null);
  for (const folder of folders) if (isInside(await real(folder), wanted)) return;
  throw new ApiError(
    403,
    "ERR_FOLDER",
    `${path} is not in the download folder, that of unfinished downloads or of a label, and this token may use no other`,
    "Make a token that may: shoal token new --scope admin --for NAME",
  );
}

/** The same for a field of a request, which has to be absolute: else throws ApiError ERR_VALIDATION. */
export async function assertFolder(
  node: Roots,
  bearer: Pick<TokenRecord, "scope"> | null,
  field: string,
  path: string,
): Promise<void> {
  if (!isAbsolute(path)) throw new ApiError(400, "ERR_VALIDATION", `${field} must be an absolute path`);
  await assertAllowed(node, bearer, path);
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
