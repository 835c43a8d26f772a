import { canonicalIp, withoutBrackets } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import type { Endpoint } from "../ports/net.ts";
import { lookUpBound } from "./dns-client.ts";
import type { NetPolicy } from "./net-policy.ts";
import type { ProxyRoute } from "./proxy-route.ts";
import { systemCode } from "./socket-error.ts";
import { lookUpBySystem } from "./system-lookup.ts";

const LOOKUP_TIMEOUT_MS = 15_000;
const LOCAL_NAME = /^(.*\.)?localhost$/i;

/**
 * Addresses of a host name, or the literal itself, in canonical spelling and in the system's order; only those that the
 * policy lets us talk to, at least one. Throws ShoalError ERR_CONNECT.
 */
export async function resolveHost(host: string, policy: NetPolicy): Promise<string[]> {
  const bare = withoutBrackets(host);
  const literal = canonicalIp(bare);
  const addresses = literal === null ? await lookUp(bare, policy) : [literal];
  const refusals = addresses.map((address) => policy.refusal(address));
  const allowed = addresses.filter((_, i) => refusals[i] === null);
  if (allowed.length === 0) {
    throw new ShoalError("ERR_CONNECT", refusals[0] ?? `${bare} has no address`, { host: bare });
  }
  return allowed;
}

/** Where the proxy is, at least one place. Its own name is the only one that is looked up here. Throws ShoalError ERR_CONNECT that names the proxy. */
export async function resolveProxy(route: ProxyRoute, policy: NetPolicy): Promise<Endpoint[]> {
  const { proxy } = route;
  try {
    const literal = canonicalIp(proxy.host);
    const addresses = literal === null ? await lookUpHere(proxy.host, policy) : [literal];
    const refusals = addresses.map((address) => policy.refusalOfServer(address));
    const allowed = addresses.filter((_, i) => refusals[i] === null);
    if (allowed.length === 0) throw new ShoalError("ERR_CONNECT", refusals[0] ?? "it has no address", {});
    return allowed.map((host) => ({ host, port: proxy.port }));
  } catch (error) {
    throw error instanceof ShoalError ? route.failure(error) : error;
  }
}

async function lookUp(name: string, policy: NetPolicy): Promise<readonly string[]> {
  if (policy.proxy === null) return lookUpHere(name, policy);
  // The proxy does that.
  return [LOCAL_NAME.test(name) ? "127.0.0.1" : policy.proxy.standInFor(name)];
}

function lookUpHere(name: string, policy: NetPolicy): Promise<readonly string[]> {
  return policy.names.get(name, () => ask(name, policy));
}

async function ask(name: string, policy: NetPolicy): Promise<string[]> {
  // A look-up would leave the machine; "localhost" is answered by the machine itself.
  const isLocal = LOCAL_NAME.test(name);
  if (policy.loopbackOnly && !isLocal) {
    throw new ShoalError("ERR_CONNECT", `${name} is not on this machine, and Shoal is kept to it`, {
      host: name,
    });
  }
  if (policy.isBound && !isLocal) return lookUpBound(name, policy);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })),
      LOOKUP_TIMEOUT_MS,
    );
  });
  try {
    return await Promise.race([lookUpBySystem(name), timeout]);
  } catch (error) {
    const unknown = systemCode(error) === "ENOTFOUND";
    const message = unknown ? `there is no host named ${name}` : `the name ${name} could not be looked up`;
    throw new ShoalError("ERR_CONNECT", message, { host: name, systemCode: systemCode(error) }, error);
  } finally {
    clearTimeout(timer);
  }
}
