import { HandshakeBudget } from "../core/mse/handshake-budget.ts";
import type { MsePrimitives } from "../core/mse/handshake.ts";
import { MseInitiator } from "../core/mse/initiator.ts";
import { MseResponder } from "../core/mse/responder.ts";
import type { ObfuscationPolicy } from "../core/swarm/dial-way.ts";
import type { Clock } from "../ports/clock.ts";
import type { DiffieHellman } from "../ports/diffie-hellman.ts";
import type { Hasher } from "../ports/hasher.ts";
import type { Connection, ConnectionSink } from "../ports/net.ts";
import type { Random } from "../ports/random.ts";
import type { Transport } from "./demultiplexer.ts";
import { ObfuscatedConnection } from "./obfuscated-connection.ts";

export interface ObfuscationPorts {
  readonly clock: Clock;
  readonly hasher: Hasher;
  readonly diffieHellman: DiffieHellman;
  readonly random: Random;
}

/** Connections that look like random bytes (MSE), in both directions. */
export class Obfuscation {
  readonly policy: ObfuscationPolicy;
  readonly #clock: Clock;
  readonly #primitives: MsePrimitives;
  readonly #budget: HandshakeBudget = new HandshakeBudget();

  constructor({ clock, hasher, diffieHellman, random }: ObfuscationPorts, policy: ObfuscationPolicy) {
    this.policy = policy;
    this.#clock = clock;
    this.#primitives = { sha1: hasher.sha1, diffieHellman, random };
  }

  /** A connection that is not started yet, obfuscated. `infoHash` is the torrent's 20-byte name. */
  dial(connection: Connection, infoHash: Uint8Array): ObfuscatedConnection {
    return ObfuscatedConnection.dial(
      connection,
      (initialPayload) => new MseInitiator(this.#primitives, infoHash, initialPayload),
    );
  }

  /**
   * For connections that begin like nothing else. `findInfoHash` is asked for the torrent behind a mark; `admit` takes what is a peer of
   * it or wants to be.
   */
  transport(
    findInfoHash: (mark: Uint8Array) => Uint8Array | null,
    admit: (connection: Connection) => ConnectionSink,
  ): Transport {
    return {
      name: "obfuscated",
      matches: () => (this.policy === "off" ? "no" : "yes"),
      accept: (connection) => {
        const { host, port } = connection.remote;
        if (!this.#budget.tryHandshake(host, port, this.#clock.now())) return null;
        const responder = new MseResponder(this.#primitives, findInfoHash, this.policy !== "require");
        const obfuscated = ObfuscatedConnection.accept(connection, responder);
        obfuscated.start(admit(obfuscated));
        return obfuscated;
      },
    };
  }
}
