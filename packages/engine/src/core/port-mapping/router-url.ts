import {
  canonicalIp,
  familyOf,
  isLinkLocal,
  isPrivate,
  parseIp,
  withoutBrackets,
} from "../../base/address.ts";
import type { Route } from "../../base/route.ts";

const MAX_URL = 512;

/**
 * The address of a router's description as a URL, or null when it is not to be asked: a device on the network must not send us
 * anywhere but to itself, and what is not our router can't open its ports. `from` is who answered the search.
 */
export function acceptDescriptionUrl(location: string, from: string, route: Route): string | null {
  const url = parseRouterUrl(location);
  if (url === null) return null;
  const host = withoutBrackets(url.hostname);
  if (route.family === 4) {
    const isOurRouter = route.gateway === null ? isPrivate(from) : from === route.gateway;
    return isOurRouter && host === from ? url.href : null;
  }
  // A router has several addresses in IPv6: it answers from one and may name another of the same network.
  const isNear = [from, host].every(
    (address) =>
      familyOf(address) === 6 &&
      (address === route.gateway || isLinkLocal(address) || isSameNetwork(address, route.local)),
  );
  return isNear ? url.href : null;
}

/** The address that a service is controlled at, or null when it leads away from the device that described it. */
export function acceptControlUrl(controlUrl: string, base: string, description: string): string | null {
  const device = new URL(description);
  for (const against of base === "" ? [description] : [base, description]) {
    if (!URL.canParse(controlUrl, against)) continue;
    const url = parseRouterUrl(new URL(controlUrl, against).href);
    if (url !== null && withoutBrackets(url.hostname) === withoutBrackets(device.hostname)) return url.href;
  }
  return null;
}

function parseRouterUrl(text: string): URL | null {
  if (text.length > MAX_URL || !/^[\x21-\x7e]+$/.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  const isPlain = url.protocol === "http:" && url.username === "" && url.password === "" && url.port !== "0";
  return isPlain && canonicalIp(withoutBrackets(url.hostname)) !== null ? url : null;
}

/** Whether two IPv6 addresses share the first 64 bits. */
function isSameNetwork(a: string, b: string): boolean {
  const [first, second] = [parseIp(a), parseIp(b)];
  if (first?.length !== 16 || second?.length !== 16) return false;
  for (let i = 0; i < 8; i++) if (first[i] !== second[i]) return false;
  return true;
}
