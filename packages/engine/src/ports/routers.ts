import type { Route } from "../base/route.ts";

/** One HTTP request to a router. */
export interface RouterCall {
  readonly method: "GET" | "POST";
  /** Of plain HTTP, with an address literal as its host. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  /** Of the answer. */
  readonly maxBytes: number;
}

/** What came back; null for no answer in time, or one beyond its limits. */
export type RouterReply = { readonly status: number; readonly body: Uint8Array } | null;

export interface RouterListener {
  /** From the router's own address and its port for PCP and NAT-PMP. */
  onGatewayPacket(bytes: Uint8Array): void;
  /** From any other port; `from` is an address literal without a zone. */
  onSearchAnswer(bytes: Uint8Array, from: string): void;
}

/** The way to talk with the router of one route. What can't be sent is lost. */
export interface RouterLink {
  sendToGateway(packet: Uint8Array): void;
  /** To the group that UPnP devices of this network listen on. */
  search(packet: Uint8Array): void;
  /** Redirects are not followed. Never rejects. */
  call(call: RouterCall): Promise<RouterReply>;
  /** Idempotent. Calls under way end without an answer. */
  close(): void;
}

/** The routers of this machine. */
export interface Routers {
  /** At most one for each family; none when nothing may leave the machine. Of IPv6 only with an address that others can reach. */
  routes(): Promise<readonly Route[]>;
  /** Throws ERR_LISTEN when the route is gone. */
  open(route: Route, listener: RouterListener): Promise<RouterLink>;
}
