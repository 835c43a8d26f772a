import { NodeHttp } from "../node/http.ts";
import { NetPolicy } from "../node/net-policy.ts";
import type { Http } from "../ports/http.ts";
import { type SessionOptions, SESSION_DEFAULTS } from "./options.ts";
import { parseProxy } from "./parse-proxy.ts";

/** HTTP that goes out as a session with these options does, for what is fetched before there is one. Throws ERR_INVALID_ARGUMENT. */
export function openHttp(options: Partial<Pick<SessionOptions, "host" | "offline" | "proxy">>): Http {
  const { host, offline = false, proxy } = options;
  const policy = new NetPolicy({
    bindHost: host,
    loopbackOnly: offline,
    proxy: proxy === undefined ? undefined : parseProxy(proxy),
  });
  return new NodeHttp(policy, SESSION_DEFAULTS.clientName);
}
