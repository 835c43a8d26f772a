import { stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { TokenRecord } from "@shoal/server";
import { assertAllowed } from "../api/allowed-folders.ts";
import type { ShoalNode } from "../shoal-node.ts";
import { RpcError } from "./rpc-error.ts";

/** The download folder of containers with Transmission. Programs name it when nobody has told them another, also where there is none. */
const CONTAINER_FOLDER = "/downloads";

/**
 * A folder that a program names, without a slash at its end, if whoever asks may use it. Throws RpcError with Transmission's words when it is
 * not absolute, and ApiError.
 */
export async function namedFolder(
  node: ShoalNode,
  bearer: TokenRecord,
  dir: string,
  refusal: string,
): Promise<string> {
  if (!isAbsolute(dir)) throw new RpcError(refusal);
  const folder = dir.length > 1 ? dir.replace(/\/+$/, "") : dir;
  if (folder === CONTAINER_FOLDER && !(await exists(folder))) return node.downloadDir;
  await assertAllowed(node, bearer, folder);
  return folder;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
