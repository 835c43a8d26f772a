import { utf8, utf8Text } from "../base/bytes.ts";
import type { LayoutFile } from "./layout.ts";
import type { Metainfo } from "./metainfo.ts";

/**
 * Where a web seed has a file (BEP 19): names are those of the torrent, whatever they are called on our disk, and each is escaped
 * once. A torrent of one file lies at the URL itself, unless that ends in a slash.
 */
export function webSeedUrl(
  base: string,
  { name, multiFile }: Pick<Metainfo, "name" | "multiFile">,
  file: LayoutFile,
): string {
  if (!multiFile) return base.endsWith("/") ? base + escapeComponent(name) : base;
  const folder = base.endsWith("/") ? base : `${base}/`;
  return folder + [name, ...file.path].map(escapeComponent).join("/");
}

function escapeComponent(text: string): string {
  // Through UTF-8 and back, because encodeURIComponent throws on a lone surrogate.
  return encodeURIComponent(utf8Text(utf8(text)));
}
