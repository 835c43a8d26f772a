import type { InfoHashes } from "../meta/info-hash.ts";
import { ShoalError } from "../base/errors.ts";
import type { ExtensionPeerHandler, ExtensionRegistry } from "./extensions.ts";
import type { PeerConnection } from "./peer-connection.ts";

/** Joins extensions registered from outside with the peers of one torrent. */
export class ExtensionChannels {
  readonly #registry: ExtensionRegistry;
  readonly #infoHashes: () => InfoHashes;

  constructor(registry: ExtensionRegistry, infoHashes: () => InfoHashes) {
    this.#registry = registry;
    this.#infoHashes = infoHashes;
  }

  /** Offers a new peer to every extension. */
  attach(peer: PeerConnection): void {
    const handlers = new Map<number, ExtensionPeerHandler>();
    for (const [id, extension] of this.#registry.entries()) {
      const handler = extension.attach({
        infoHashes: this.#infoHashes(),
        host: peer.remote.host,
        port: peer.remote.port,
        peerId: peer.session.peerId!,
        send: (payload) => {
          const sent = !peer.closed && peer.session.sendExtended(extension.name, payload);
          peer.flush();
          return sent;
        },
        close: (reason) => peer.close(new ShoalError("ERR_CONNECT", reason)),
      });
      if (handler !== null) handlers.set(id, handler);
    }
    peer.extensionHandlers = handlers;
  }

  /** The peer's extension handshake came: tell the extensions that it names. */
  onHandshake(peer: PeerConnection): void {
    for (const [id, extension] of this.#registry.entries()) {
      if (peer.session.remoteExtensions.get(extension.name)) peer.extensionHandlers.get(id)?.onAnnounced?.();
    }
  }

  onMessage(peer: PeerConnection, localId: number, payload: Uint8Array): void {
    // An extension may have left this peer out.
    peer.extensionHandlers.get(localId)?.onMessage(payload);
  }
}
