import { formatEndpoint, type Endpoint } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";

/** The system's code of an error, such as "ECONNREFUSED"; "" when it has none. */
export function systemCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

/** What went wrong on a connection with `remote`, in words that name it. */
export function connectError(remote: Endpoint, error: unknown): ShoalError {
  const code = systemCode(error);
  const who = formatEndpoint(remote);
  return new ShoalError("ERR_CONNECT", describe(code, who), { ...remote, systemCode: code }, error);
}

function describe(code: string, who: string): string {
  switch (code) {
    case "ECONNREFUSED":
      return `connection refused by ${who}`;
    case "ECONNRESET":
    case "ECONNABORTED":
    case "EPIPE":
      return `connection ended by ${who}`;
    case "ETIMEDOUT":
      return `no answer from ${who}`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
    case "ENETDOWN":
      return `there is no way to ${who} from here`;
    case "EADDRNOTAVAIL":
    case "EINVAL":
      return `${who} can't be reached from the address that is set`;
    case "EACCES":
    case "EPERM":
      return `the system does not allow a connection to ${who}`;
    case "EMFILE":
    case "ENFILE":
      return "the system allows no more open connections";
    default:
      return `the connection with ${who} failed${code === "" ? "" : ` (${code})`}`;
  }
}
