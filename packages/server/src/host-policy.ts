import { isIP } from "node:net";

/**
 * Which Host headers are answered. A page in a browser can make any name point to this machine (DNS rebinding), but it can't choose
 * the Host header: that is the name it was loaded from. So names that nobody gave to this server are refused; addresses of it are not, as no
 * page was loaded from one unless this server, or one beside it, has sent it.
 */
export class HostPolicy {
  #names: ReadonlySet<string> = new Set();

  /** See `setNames`. */
  constructor(names: Iterable<string>) {
    this.setNames(names);
  }

  /** `names`: host names under which the server is known from now on, besides localhost. */
  setNames(names: Iterable<string>): void {
    this.#names = new Set([...names].map((name) => name.toLowerCase().replace(/\.$/, "")));
  }

  /** Whether a request with this Host header is for us; `bound` is the address it came in at. */
  allows(header: string | undefined, bound: string): boolean {
    const host = header === undefined ? null : hostOf(header);
    if (host === null) return false;
    if (host === "localhost" || this.#names.has(host)) return true;
    return isIP(host) !== 0 && (isLoopback(host) || host === plain(bound));
  }

  /** Whether the Origin header names us as well; absent where no browser is involved. */
  allowsOrigin(header: string | undefined, bound: string): boolean {
    if (header === undefined) return true;
    if (!URL.canParse(header)) return false;
    const { protocol, host } = new URL(header);
    return (protocol === "http:" || protocol === "https:") && this.allows(host, bound);
  }
}

/** Without brackets and port, in lower case; null when it is none. */
function hostOf(header: string): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header);
  const host = match?.[1] ?? match?.[2] ?? null;
  return host === null ? null : host.toLowerCase().replace(/\.$/, "");
}

function isLoopback(host: string): boolean {
  return host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "").toLowerCase();
}
