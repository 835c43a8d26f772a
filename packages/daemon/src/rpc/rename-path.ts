import type { Torrent } from "@shoal/engine";
import { RpcError } from "./rpc-error.ts";

/** `torrent-rename-path`: gives the file or folder at `path`, such as "film/subs", another name. Throws RpcError and what the engine throws. */
export async function renamePath(torrent: Torrent, path: string, name: string): Promise<void> {
  if (path === "" || name === "" || name === "." || name === ".." || /[/\\]/.test(name))
    throw new RpcError("Invalid argument");
  const files = await torrent.files();
  const [root, ...below] = path.split("/");
  if (below.length === 0) {
    if (!files.some((file) => file.path === root || file.path.startsWith(`${root}/`)))
      throw new RpcError("Invalid argument");
    await torrent.renameRoot(name);
    return;
  }
  const folder = path.slice(0, path.lastIndexOf("/"));
  const named = files.filter((file) => file.path === path || file.path.startsWith(`${path}/`));
  if (named.length === 0) throw new RpcError("Invalid argument");
  for (const { index, path: old } of named)
    await torrent.renameFile(index, `${folder}/${name}${old.slice(path.length)}`);
}
