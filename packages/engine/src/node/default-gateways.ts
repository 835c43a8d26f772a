import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { canonicalIp, type Family, formatIp, withoutZone } from "../base/address.ts";
import { fromHex } from "../base/bytes.ts";

/** A default route of this machine. */
export interface DefaultGateway {
  /** Address literal without a zone. */
  readonly gateway: string;
  /** Name of the interface; null where the system tells its address in its place. */
  readonly device: string | null;
  /** Our address on the interface, where the system tells it. */
  readonly local: string | null;
  /** The lowest is used. */
  readonly metric: number;
}

const MAX_TABLE_BYTES = 1_048_576;
const COMMAND_TIMEOUT_MS = 3_000;
/** Flags of a route (linux/route.h): it is up, and leads through a gateway. */
const UP_AND_GATEWAY = 3;

/** The default routes of a family, the preferred one first. None when the system does not tell. */
export async function defaultGateways(family: Family): Promise<DefaultGateway[]> {
  const found = await readTable(family).catch(() => []);
  return found.toSorted((a, b) => a.metric - b.metric);
}

async function readTable(family: Family): Promise<DefaultGateway[]> {
  if (process.platform === "linux") {
    const table = await readFile(family === 4 ? "/proc/net/route" : "/proc/net/ipv6_route", "latin1");
    return family === 4 ? parseLinuxRoutes(table) : parseLinuxRoutes6(table);
  }
  if (process.platform === "win32") {
    return family === 4 ? parseWindowsRoutes(await run("route", ["print", "-4", "0.0.0.0"])) : [];
  }
  return parseBsdRoutes(await run("netstat", ["-rn", "-f", family === 4 ? "inet" : "inet6"]));
}

/** /proc/net/route: addresses are in hex, in the order of bytes of the machine. */
export function parseLinuxRoutes(table: string): DefaultGateway[] {
  const found: DefaultGateway[] = [];
  for (const line of table.split("\n").slice(1)) {
    const [device, destination, gateway, flags, , , metric, mask] = line.trim().split(/\s+/);
    if (destination !== "00000000" || mask !== "00000000" || !/^[0-9A-F]{8}$/.test(gateway ?? "")) continue;
    if ((Number.parseInt(flags!, 16) & UP_AND_GATEWAY) !== UP_AND_GATEWAY) continue;
    const bytes = fromHex(gateway!);
    if (isLittleEndian()) bytes.reverse();
    found.push({ gateway: formatIp(bytes), device: device!, local: null, metric: Number(metric) });
  }
  return found;
}

/** /proc/net/ipv6_route. */
export function parseLinuxRoutes6(table: string): DefaultGateway[] {
  const found: DefaultGateway[] = [];
  for (const line of table.split("\n")) {
    const [destination, length, , , gateway, metric, , , flags, device] = line.trim().split(/\s+/);
    if (length !== "00" || !/^0{32}$/.test(destination ?? "") || !/^[0-9a-f]{32}$/.test(gateway ?? ""))
      continue;
    if ((Number.parseInt(flags!, 16) & UP_AND_GATEWAY) !== UP_AND_GATEWAY) continue;
    const address = formatIp(fromHex(gateway!));
    found.push({ gateway: address, device: device!, local: null, metric: Number.parseInt(metric!, 16) });
  }
  return found;
}

/** `netstat -rn` of macOS and the BSDs; the first line wins. */
export function parseBsdRoutes(text: string): DefaultGateway[] {
  const found: DefaultGateway[] = [];
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    const [destination, gateway = ""] = words;
    if (destination !== "default" && destination !== "::/0") continue;
    const address = canonicalIp(withoutZone(gateway));
    const device = words.slice(2).findLast((word) => /^[a-z]+\d+$/.test(word));
    if (address !== null && device !== undefined)
      found.push({ gateway: address, device, local: null, metric: found.length });
  }
  return found;
}

/** `route print`: destination, mask, gateway, our address, metric, in any language. */
export function parseWindowsRoutes(text: string): DefaultGateway[] {
  const found: DefaultGateway[] = [];
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*0\.0\.0\.0\s+0\.0\.0\.0\s+([\d.]+)\s+([\d.]+)\s+(\d+)\s*$/.exec(line);
    const gateway = match === null ? null : canonicalIp(match[1]!);
    if (match === null || gateway === null) continue;
    found.push({ gateway, device: null, local: canonicalIp(match[2]!), metric: Number(match[3]) });
  }
  return found;
}

function isLittleEndian(): boolean {
  return new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
}

async function run(command: string, args: readonly string[]): Promise<string> {
  const options = { timeout: COMMAND_TIMEOUT_MS, maxBuffer: MAX_TABLE_BYTES, windowsHide: true };
  return (await promisify(execFile)(command, args, options)).stdout;
}
