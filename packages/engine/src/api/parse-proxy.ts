import { canonicalIp, withoutBrackets } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import type { Proxy } from "../base/proxy.ts";

/** By scheme. With "socks5" as with "socks5h", names are looked up by the proxy. */
const KINDS: Readonly<Record<string, { readonly kind: Proxy["kind"]; readonly port: number }>> = {
  "socks5:": { kind: "socks5", port: 1080 },
  "socks5h:": { kind: "socks5", port: 1080 },
  "http:": { kind: "http", port: 80 },
};

/** "socks5://NAME:PASSWORD@HOST:PORT", "socks5h://…" or "http://…". Throws ERR_INVALID_ARGUMENT, which does not quote it. */
export function parseProxy(text: string): Proxy {
  const url = URL.canParse(text) ? new URL(text) : null;
  const known = url === null ? undefined : KINDS[url.protocol];
  if (
    url === null ||
    known === undefined ||
    url.hostname === "" ||
    !/^\/?$/.test(url.pathname) ||
    url.search !== ""
  ) {
    throw invalid("a proxy is written as socks5://HOST:PORT or http://HOST:PORT");
  }
  const bare = withoutBrackets(url.hostname);
  const credentials =
    url.username === "" && url.password === ""
      ? null
      : { username: decoded(url.username), password: decoded(url.password) };
  if (known.kind === "socks5" && credentials?.username === "")
    throw invalid("the proxy's password has no user name");
  return {
    kind: known.kind,
    host: canonicalIp(bare) ?? bare.toLowerCase(),
    port: url.port === "" ? known.port : Number(url.port),
    credentials,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("the proxy's user name or password has a % that is not followed by two hex digits");
  }
}

function invalid(message: string): ShoalError {
  return new ShoalError("ERR_INVALID_ARGUMENT", message);
}
