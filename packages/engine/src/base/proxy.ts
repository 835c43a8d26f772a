import { endpointKey } from "./address.ts";

/** A server that opens connections for us. */
export interface Proxy {
  readonly kind: "socks5" | "http";
  /** Address literal or host name. */
  readonly host: string;
  readonly port: number;
  /** Never printed and never logged. */
  readonly credentials: { readonly username: string; readonly password: string } | null;
}

/** The proxy for people: without the credentials. */
export function proxyName({ host, port }: Proxy): string {
  return `the proxy ${endpointKey(host, port)}`;
}
