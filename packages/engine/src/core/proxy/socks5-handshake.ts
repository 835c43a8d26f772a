import { type Endpoint, formatEndpoint } from "../../base/address.ts";
import { concatBytes } from "../../base/bytes.ts";
import { ShoalError } from "../../base/errors.ts";
import { type Proxy, proxyName } from "../../base/proxy.ts";
import {
  decodeSocksMethod,
  decodeSocksPasswordAnswer,
  decodeSocksReply,
  encodeSocksGreeting,
  encodeSocksPassword,
  encodeSocksRequest,
  SOCKS_COMMAND,
  SOCKS_METHOD,
} from "../../wire/socks5.ts";
import { type HandshakeStep, lockedOut, NOTHING, type ProxyHandshake } from "./proxy-handshake.ts";

/** RFC 1928, section 6. */
const FAILURES: ReadonlyMap<number, string> = new Map([
  [2, "its rules do not allow it"],
  [3, "no way to that network"],
  [4, "no way to that address, or no such name"],
  [5, "connection refused"],
  [6, "no answer"],
  [7, "it can't do that"],
  [8, "it does not know that kind of address"],
]);

/** Asks a SOCKS5 server (RFC 1928) for a connection to `to`, or to pass on datagrams. */
export class Socks5Handshake implements ProxyHandshake {
  readonly #proxy: Proxy;
  readonly #command: number;
  readonly #to: Endpoint;
  #stage: "method" | "password" | "reply" = "method";
  #received: Uint8Array = new Uint8Array(0);

  constructor(proxy: Proxy, command: keyof typeof SOCKS_COMMAND, to: Endpoint) {
    this.#proxy = proxy;
    this.#command = SOCKS_COMMAND[command];
    this.#to = to;
  }

  start(): Uint8Array {
    return encodeSocksGreeting(this.#proxy.credentials !== null);
  }

  onBytes(bytes: Uint8Array): HandshakeStep {
    this.#received = concatBytes(this.#received, bytes);
    try {
      return this.#step();
    } catch (error) {
      if (error instanceof ShoalError && error.code === "ERR_CONNECT") throw error;
      throw this.#failed(`${proxyName(this.#proxy)} does not speak SOCKS5`, error);
    }
  }

  #step(): HandshakeStep {
    if (this.#stage !== "reply") {
      if (this.#received.length < 2) return NOTHING;
      return { send: this.#stage === "method" ? this.#onMethod() : this.#onPasswordAnswer(), done: null };
    }
    const reply = decodeSocksReply(this.#received);
    if (this.#received[1] !== undefined && this.#received[1] !== 0) throw this.#refused(this.#received[1]);
    if (reply === null) return NOTHING;
    return { send: null, done: { bound: reply.bound, rest: this.#take(reply.length) } };
  }

  #onMethod(): Uint8Array {
    const method = decodeSocksMethod(this.#take(2, true));
    const { credentials } = this.#proxy;
    if (method === SOCKS_METHOD.NONE) return this.#request();
    if (method === SOCKS_METHOD.PASSWORD && credentials !== null) {
      this.#stage = "password";
      return encodeSocksPassword(credentials.username, credentials.password);
    }
    if (credentials === null) throw this.#failed(lockedOut(this.#proxy));
    throw this.#failed(`${proxyName(this.#proxy)} does not take a user name and password`);
  }

  #onPasswordAnswer(): Uint8Array {
    if (decodeSocksPasswordAnswer(this.#take(2, true))) return this.#request();
    throw this.#failed(lockedOut(this.#proxy));
  }

  #request(): Uint8Array {
    this.#stage = "reply";
    return encodeSocksRequest(this.#command, this.#to);
  }

  /** Takes bytes off the front: returns these, or what is left. */
  #take(length: number, front: boolean = false): Uint8Array {
    const taken = this.#received.slice(0, length);
    this.#received = this.#received.slice(length);
    return front ? taken : this.#received;
  }

  #refused(code: number): ShoalError {
    const who = proxyName(this.#proxy);
    if (this.#command === SOCKS_COMMAND.UDP_ASSOCIATE) return this.#failed(`${who} does not pass on UDP`);
    const why = FAILURES.get(code);
    const to = formatEndpoint(this.#to);
    return this.#failed(`${who} can't connect to ${to}${why === undefined ? "" : `: ${why}`}`);
  }

  #failed(message: string, cause?: unknown): ShoalError {
    return new ShoalError("ERR_CONNECT", message, {}, cause);
  }
}
