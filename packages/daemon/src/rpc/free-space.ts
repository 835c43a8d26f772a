import { statfs } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { whole } from "./values.ts";
import type { RpcArguments } from "./request.ts";
import { RpcError } from "./rpc-error.ts";

const UNKNOWN = -1;

/** Bytes free for us on the disk of a folder, and its size; -1 each for a folder that is not there. */
export async function spaceOf(path: string): Promise<{ readonly free: number; readonly total: number }> {
  try {
    const { bsize, bavail, blocks } = await statfs(path);
    return { free: whole(bsize * bavail), total: whole(bsize * blocks) };
  } catch {
    return { free: UNKNOWN, total: UNKNOWN };
  }
}

/** `free-space`; `assertAllowed` throws for a folder that whoever asks may not know of. */
export async function freeSpace(
  { path }: RpcArguments,
  assertAllowed: (path: string) => Promise<void>,
): Promise<RpcArguments> {
  if (path === undefined) throw new RpcError("directory path argument is missing");
  if (typeof path !== "string" || !isAbsolute(path) || path.includes("\0"))
    throw new RpcError("directory path is not absolute");
  const { free, total } = await spaceOf(path);
  // Of one that is missing there is nothing to hide.
  if (free !== UNKNOWN) await assertAllowed(path);
  return { path, "size-bytes": free, total_size: total };
}
