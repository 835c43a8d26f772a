import type { InfoHashes } from "../meta/info-hash.ts";

/** One peer, as an extension sees it. */
export interface ExtensionPeer {
  readonly infoHashes: InfoHashes;
  readonly host: string;
  readonly port: number;
  /** The peer's 20-byte id on the wire. */
  readonly peerId: Uint8Array;
  /** Sends one message of this extension. False when the peer has not announced it (yet). */
  send(payload: Uint8Array): boolean;
  close(reason: string): void;
}

/** What an extension does with one peer. Bytes given to it are views: copy what is to be kept. */
export interface ExtensionPeerHandler {
  /** The peer announced the extension in its handshake; may come again. */
  onAnnounced?(): void;
  /** May throw ProtocolError: the peer is then disconnected. */
  onMessage(payload: Uint8Array): void;
  onClosed?(): void;
}

/** A protocol extension with messages of its own (BEP 10), registered from outside the engine. */
export interface Extension {
  /** Name in the `m` dictionary, such as "ut_pex". */
  readonly name: string;
  /** Called once for each connection after the handshakes; null leaves the extension out for this peer. */
  attach(peer: ExtensionPeer): ExtensionPeerHandler | null;
}

/** Names that the engine itself answers to, in the order of their local message ids. */
const BUILT_IN: readonly string[] = ["ut_metadata", "upload_only", "lt_donthave", "ut_pex"];
export const LOCAL_UT_METADATA = 1;
export const LOCAL_UPLOAD_ONLY = 2;
export const LOCAL_DONT_HAVE = 3;
export const LOCAL_UT_PEX = 4;

/** The extensions of a session and the message ids under which we announce them. */
export class ExtensionRegistry {
  readonly #extensions: Extension[] = [];

  /** Applies to connections made from now on. Throws RangeError when the name is taken. */
  register(extension: Extension): void {
    if (BUILT_IN.includes(extension.name) || this.#extensions.some((e) => e.name === extension.name)) {
      throw new RangeError(`Extension ${extension.name} is already registered`);
    }
    this.#extensions.push(extension);
  }

  /** Our ids by name, for the extension handshake; `pex`: peers may be exchanged. */
  localIds(pex: boolean): Map<string, number> {
    const names = [...BUILT_IN, ...this.#extensions.map((e) => e.name)];
    const ids = new Map(names.map((name, index) => [name, index + 1]));
    if (!pex) ids.delete("ut_pex");
    return ids;
  }

  /** Every registered extension with its local id. */
  *entries(): Iterable<[id: number, extension: Extension]> {
    for (let index = 0; index < this.#extensions.length; index++) {
      yield [BUILT_IN.length + index + 1, this.#extensions[index]!];
    }
  }
}
