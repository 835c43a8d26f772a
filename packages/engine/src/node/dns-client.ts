import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { domainToASCII } from "node:url";
import { canonicalIp, familyOf } from "../base/address.ts";
import { ShoalError, validOrNull } from "../base/errors.ts";
import type { Endpoint } from "../ports/net.ts";
import type { UdpSocket } from "../ports/udp.ts";
import {
  decodeDnsAnswer,
  DNS_TYPE,
  type DnsAnswer,
  type DnsQuestion,
  encodeDnsQuestion,
} from "../wire/dns-message.ts";
import { askByTcp } from "./dns-over-tcp.ts";
import type { NetPolicy } from "./net-policy.ts";
import { openUdp } from "./open-udp.ts";

/** The second is the list of those that systemd-resolved, named in the first, asks itself. */
const SERVER_LISTS = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
const MAX_SERVERS = 3;
const PORT = 53;
/** For each server, in the first round and in the second. */
const WAITS_MS = [2000, 4000];
const NO_SUCH_NAME = 3;

/**
 * Looks a name up without the system's resolver, which may ask by any interface: our own questions go out as the policy says. Servers on this
 * machine are not asked, for the same reason. Throws ShoalError ERR_CONNECT.
 */
export async function lookUpBound(name: string, policy: NetPolicy): Promise<string[]> {
  const known = await fromHostsFile(name);
  if (known.length > 0) return known;
  const by = policy.device ?? policy.bindHost ?? "here";
  const servers = await nameServers(policy);
  if (servers.length === 0) {
    throw failed(
      `the name ${name} could not be looked up: no name server is known that can be asked through ${by}`,
    );
  }
  for (const waitMs of WAITS_MS) {
    for (const server of servers) {
      if (policy.obstacle !== null) throw new ShoalError("ERR_CONNECT", policy.obstacle, { host: name });
      const answers = await ask(name, server, waitMs, policy);
      const addresses = answers.flatMap((answer) => answer.addresses);
      if (addresses.length > 0) return addresses;
      if (answers.some(({ code }) => code === NO_SUCH_NAME)) throw failed(`there is no host named ${name}`);
      if (answers.length > 0 && answers.every(({ code }) => code === 0))
        throw failed(`${name} has no address`);
    }
  }
  throw failed(
    `the name ${name} could not be looked up: no name server answers through ${by} (asked ${servers.join(", ")})`,
  );
}

/** Both families of addresses at once, IPv6 first; what does not come in time is left out. */
async function ask(name: string, server: string, waitMs: number, policy: NetPolicy): Promise<DnsAnswer[]> {
  const family = familyOf(server);
  const questions = [DNS_TYPE.AAAA, DNS_TYPE.A].map((type) => ({
    id: randomInt(0x1_0000),
    name: toAscii(name),
    type,
  }));
  const packets = questions.map((question) => encodeQuestion(question));
  const answers: (DnsAnswer | null)[] = questions.map(() => null);
  let done: () => void = () => {};
  const all = new Promise<void>((resolve) => (done = resolve));
  let socket: UdpSocket;
  try {
    // A fresh port for each, which nobody can guess.
    socket = await openUdp(
      family,
      0,
      policy,
      (bytes, from) => {
        if (from.host !== server || from.port !== PORT) return;
        for (const [i, question] of questions.entries())
          answers[i] ??= validOrNull(() => decodeDnsAnswer(bytes, question));
        if (answers.every((answer) => answer !== null)) done();
      },
      (host) => policy.refusalOfServer(host),
    );
  } catch (error) {
    if (error instanceof ShoalError) return [];
    throw error;
  }
  const timer = setTimeout(done, waitMs);
  for (const packet of packets) socket.send(packet, { host: server, port: PORT });
  await all;
  clearTimeout(timer);
  socket.close();
  const whole = answers.map(async (answer, i) =>
    answer === null || !answer.truncated
      ? answer
      : askAgain(questions[i]!, packets[i]!, { host: server, port: PORT }, waitMs, policy),
  );
  return (await Promise.all(whole)).filter((answer) => answer !== null);
}

/** What was too long for a datagram. */
async function askAgain(
  question: DnsQuestion,
  packet: Uint8Array,
  server: Endpoint,
  waitMs: number,
  policy: NetPolicy,
): Promise<DnsAnswer | null> {
  const answer = await askByTcp(packet, server, waitMs, policy);
  return answer === null ? null : validOrNull(() => decodeDnsAnswer(answer, question));
}

function encodeQuestion(question: DnsQuestion): Uint8Array {
  try {
    return encodeDnsQuestion(question);
  } catch {
    throw failed(`there is no host named ${question.name.slice(0, 100)}`);
  }
}

/** Servers of other machines, as the system has them. */
async function nameServers(policy: NetPolicy): Promise<string[]> {
  for (const path of SERVER_LISTS) {
    const words = await readWords(path);
    const servers = words
      .filter(([key]) => key === "nameserver")
      .map(([, value]) => canonicalIp(value ?? ""))
      .filter((host) => host !== null)
      .filter((host) => !policy.isOnThisMachine(host) && policy.refusalOfServer(host) === null);
    if (servers.length > 0) return servers.slice(0, MAX_SERVERS);
  }
  return [];
}

/** What the machine's own list of names has; nothing where there is none. */
export async function fromHostsFile(name: string): Promise<string[]> {
  const wanted = name.toLowerCase();
  const lines = await readWords("/etc/hosts");
  const found = lines.filter(([, ...names]) => names.some((known) => known.toLowerCase() === wanted));
  return found.map(([address]) => canonicalIp(address ?? "")).filter((address) => address !== null);
}

/** The words of each line, without comments; nothing when there is no such file. */
async function readWords(path: string): Promise<string[][]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").map((line) =>
    line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/),
  );
}

/** What is no name in another script either becomes "", which is refused. */
function toAscii(name: string): string {
  return /^[\x21-\x7e]*$/.test(name) ? name : domainToASCII(name);
}

function failed(message: string): ShoalError {
  return new ShoalError("ERR_CONNECT", message);
}
