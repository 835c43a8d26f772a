import { getSystemErrorName } from "node:util";
import { ShoalError } from "../base/errors.ts";

/**
 * Ties sockets to one network interface, as SO_BINDTODEVICE does, which Node does not offer. On Linux, binding an IPv6 socket to a link-local address
 * names the interface; the kernel ties the socket to it before it finds that the address is not there, and leaves it tied. The socket can then be
 * bound and connected as usual, also to IPv4 in its mapped form. `isSound` proves on the running kernel that it is so.
 */

/** As net.Socket and net.Server have it inside. */
export interface TcpHandle {
  bind6(address: string, port: number, flags: number): number;
  close(): void;
}

interface UdpHandle extends TcpHandle {
  connect6(address: string, port: number): number;
  getsockname(out: { address?: string }): number;
}

interface TcpBinding {
  readonly TCP: new (kind: number) => TcpHandle;
  readonly constants: { readonly SOCKET: number; readonly SERVER: number };
}

interface UdpBinding {
  readonly UDP: new () => UdpHandle;
}

/** An address that no interface has. */
const NOWHERE = "fe80::5a0a:15ff:fe73:a1";

/** Address to bind a dgram socket of type udp6 to first; this fails, as it must. */
export function tyingAddress(device: string): string {
  return `${NOWHERE}%${device}`;
}

/** Whether the failed first bind, given by its system code, has tied the socket. */
export function hasTied(code: string): boolean {
  return code === "EADDRNOTAVAIL";
}

/** Only Linux has this way. */
export function canTie(): boolean {
  return process.platform === "linux";
}

/** A TCP socket that sends and receives through `device` alone, bound to `address` (IPv6, or IPv4 mapped) and `port` when given. Throws ERR_CONNECT or a system error. */
export function tiedTcpHandle(
  kind: "SOCKET" | "SERVER",
  device: string,
  at: { readonly address: string; readonly port: number } | null,
): TcpHandle {
  const { TCP, constants } = binding("tcp_wrap") as TcpBinding;
  const handle = new TCP(constants[kind]);
  try {
    tie(handle, device);
    if (at !== null) check(handle.bind6(at.address, at.port, 0));
  } catch (error) {
    handle.close();
    throw error;
  }
  return handle;
}

/** Whether what is tied to `device` really can't use another: it must not reach this machine's own 127.0.0.1. Nothing is sent. */
export function isSound(device: string): boolean {
  const { UDP } = binding("udp_wrap") as UdpBinding;
  const handle = new UDP();
  try {
    tie(handle, device);
    if (handle.connect6("::ffff:127.0.0.1", 9) !== 0) return true;
    const own: { address?: string } = {};
    return handle.getsockname(own) === 0 && own.address?.startsWith("::ffff:127.") === false;
  } catch {
    return false;
  } finally {
    handle.close();
  }
}

/** IPv4 addresses in the form in which an IPv6 socket takes them. */
export function mapped(host: string): string {
  return host.includes(":") ? host : `::ffff:${host}`;
}

function tie(handle: TcpHandle, device: string): void {
  const code = systemName(handle.bind6(tyingAddress(device), 0, 0));
  if (hasTied(code)) return;
  throw new ShoalError("ERR_CONNECT", tieFailure(device, code), { device, systemCode: code });
}

/** Why a socket could not be tied, by the system code of the first bind. */
export function tieFailure(device: string, code: string): string {
  // The kernel knows no interface of that name.
  return code === "EINVAL" || code === "ENODEV"
    ? `waits for interface ${device}`
    : `this system can't keep connections to interface ${device}${code === "" ? "" : ` (${code})`}`;
}

function check(result: number): void {
  if (result === 0) return;
  const code = systemName(result);
  throw Object.assign(new Error(`bind ${code}`), { code });
}

function systemName(result: number): string {
  return result === 0 ? "" : getSystemErrorName(result);
}

function binding(name: string): unknown {
  return (process as unknown as { binding(name: string): unknown }).binding(name);
}
