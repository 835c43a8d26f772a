import { utf8, utf8Text } from "../../base/bytes.ts";

/** What runs there: somebody's shoal, or a hub. */
export type ServiceKind = "node" | "hub";

/** Names of the services (RFC 6763, 7). */
export const SERVICE_TYPES: Readonly<Record<ServiceKind, string>> = {
  node: "_shoal._tcp.local",
  hub: "_shoal-hub._tcp.local",
};

/** A label of a name (RFC 1035, 2.3.4). */
const MAX_LABEL_BYTES = 63;

/** A service in the local network, found or our own. */
export interface Service {
  readonly kind: ServiceKind;
  /** What its owner calls it: unchecked text of others. */
  readonly name: string;
  readonly port: number;
  /** More about it: keys in lower case (RFC 6763, 6). */
  readonly properties: ReadonlyMap<string, string>;
}

/**
 * A name that can be published: one label without dots or control characters. "" when nothing is left of it. `suffix` is what tells it apart
 * from another one's.
 */
export function publishableName(name: string, suffix: string = ""): string {
  const plain = name.replace(/[.\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
  let bytes = utf8(plain).subarray(0, MAX_LABEL_BYTES - utf8(suffix).length);
  // Not in the middle of a character.
  while (bytes.length > 0 && utf8Text(bytes).endsWith("\ufffd") && !plain.includes("\ufffd")) {
    bytes = bytes.subarray(0, -1);
  }
  return utf8Text(bytes).trim() + suffix;
}
