import type { Endpoint } from "../../base/address.ts";
import { type Proxy, proxyName } from "../../base/proxy.ts";

/** What is to be sent to the proxy next, and whether it has agreed. */
export interface HandshakeStep {
  readonly send: Uint8Array | null;
  readonly done: HandshakeEnd | null;
}

/** More has to come from the proxy. */
export const NOTHING: HandshakeStep = { send: null, done: null };

export interface HandshakeEnd {
  /** Where the proxy sends from, or takes datagrams; null when it does not say. */
  readonly bound: Endpoint | null;
  /** What the other side has sent already. */
  readonly rest: Uint8Array;
}

/** The conversation with a proxy until it passes on what is sent. Its methods throw ShoalError ERR_CONNECT, which ends it. */
export interface ProxyHandshake {
  /** What to send first. */
  start(): Uint8Array;
  /** Bytes of the proxy, cut anywhere; they are not kept. */
  onBytes(bytes: Uint8Array): HandshakeStep;
}

/** Why a proxy lets nobody through who says no more than we do. */
export function lockedOut(proxy: Proxy): string {
  return proxy.credentials === null
    ? `${proxyName(proxy)} wants a user name and a password`
    : `${proxyName(proxy)} does not accept the user name and password`;
}
