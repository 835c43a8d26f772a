import { canonicalIp, type Endpoint, endpointKey, parseEndpoint } from "../base/address.ts";
import { validOrNull } from "../base/errors.ts";
import type { BencodeValue } from "../wire/bencode.ts";

const MAX_NODES = 32;

/** DHT nodes that a .torrent file names (`nodes`, BEP 5), by address or host name. Unusable and repeated ones are left out. */
export function readNodes(root: BencodeValue): Endpoint[] {
  const nodes = new Map<string, Endpoint>();
  for (const entry of root.getList("nodes") ?? []) {
    const node = nodeOf(entry);
    if (node !== null) nodes.set(endpointKey(node.host, node.port), node);
    if (nodes.size >= MAX_NODES) break;
  }
  return [...nodes.values()];
}

function nodeOf(entry: BencodeValue): Endpoint | null {
  const [host, port] = entry.asList() ?? [];
  const text = host?.asText() ?? "";
  const ip = canonicalIp(text);
  return validOrNull(() => parseEndpoint(endpointKey(ip ?? text, port?.asNumber() ?? 0)));
}
