import type { Family } from "../../base/address.ts";
import { copyBytes } from "../../base/bytes.ts";
import { validOrNull } from "../../base/errors.ts";
import { decodeBencode, encodeBencode } from "../../wire/bencode.ts";
import { type Contact, decodeContacts, encodeContacts, ID_BYTES } from "../../wire/krpc-contacts.ts";

const MAX_NODES = 256;
const MAX_BYTES = 65_536;

/** What a node knows from one life to the next. */
export interface DhtState {
  readonly id: Uint8Array;
  readonly nodes: readonly Contact[];
}

export function encodeDhtState({ id, nodes }: DhtState, family: Family): Uint8Array {
  return encodeBencode({ id, nodes: encodeContacts(nodes.slice(-MAX_NODES), family) });
}

/** Null for what is no state. */
export function decodeDhtState(bytes: Uint8Array, family: Family): DhtState | null {
  return validOrNull(() => {
    const root = decodeBencode(bytes, { maxBytes: MAX_BYTES, maxDepth: 4, maxTokens: 64 });
    const id = root.getBytes("id");
    if (id?.length !== ID_BYTES) return null;
    const nodes = decodeContacts(root.getBytes("nodes") ?? new Uint8Array(0), family, MAX_NODES);
    return { id: copyBytes(id), nodes };
  });
}
