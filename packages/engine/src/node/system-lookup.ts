import { lookup, Resolver } from "node:dns/promises";
import { canonicalIp } from "../base/address.ts";
import { fromHostsFile } from "./dns-client.ts";
import { systemCode } from "./socket-error.ts";

/** Of each name server; the second try has twice the time. */
const PATIENCE = { timeout: 2_000, tries: 2 };
/** Once one family has answered, the other gets so much longer. */
const LATE_MS = 500;
/** Names that name servers are to hear nothing of, or can't know. */
const LOCAL_NAME = /^[^.]*\.?$|\.local(?:host)?\.?$/i;

/**
 * Addresses of a host name in canonical spelling, as this machine looks them up. Throws a system error, of code ETIMEDOUT when no name server answers.
 *
 * The system's resolver can't be interrupted, and a process can't end before it: where name servers are silent that takes ten seconds and more, and
 * two such names keep all others waiting. On Linux it does little else than read the hosts file and ask the servers of resolv.conf, so that is done
 * without it, and it is asked for what these don't know. Elsewhere it may have others to ask, or may ask by an encrypted way.
 */
export async function lookUpBySystem(name: string): Promise<string[]> {
  const found = process.platform === "linux" && !LOCAL_NAME.test(name) ? await withoutResolver(name) : [];
  const all =
    found.length > 0
      ? found
      : (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);
  return [...new Set(all.map((address) => canonicalIp(address) ?? address))];
}

/** None when it is not known there. Throws ETIMEDOUT. */
async function withoutResolver(name: string): Promise<string[]> {
  const listed = await fromHostsFile(name);
  if (listed.length > 0) return listed;
  const resolver = new Resolver(PATIENCE);
  let late: NodeJS.Timeout | undefined;
  const asked = [resolver.resolve6(name), resolver.resolve4(name)].map(async (answer) => {
    const addresses = await answer;
    late ??= setTimeout(() => resolver.cancel(), LATE_MS);
    return addresses;
  });
  const outcomes = await Promise.allSettled(asked);
  clearTimeout(late);
  const found = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value : []));
  const isSilent = outcomes.some(
    (outcome) => outcome.status === "rejected" && systemCode(outcome.reason) === "ETIMEOUT",
  );
  if (found.length === 0 && isSilent) {
    throw Object.assign(new Error("no name server answers"), { code: "ETIMEDOUT" });
  }
  return found;
}
