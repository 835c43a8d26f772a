import { ShoalError } from "../base/errors.ts";
import type { CertificateTrouble, ClockEvidence } from "../core/clock-evidence.ts";
import type { Clock } from "../ports/clock.ts";
import type { Http } from "../ports/http.ts";

const CERTIFICATES: Readonly<Record<string, CertificateTrouble>> = {
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "not-yet-valid",
};

/** The same, and what its answers say of the time is noted. */
export function witnessedHttp(http: Http, evidence: ClockEvidence, clock: Clock): Http {
  return {
    async get(url, options) {
      try {
        const response = await http.get(url, options);
        const { host, protocol } = new URL(url);
        const date = Date.parse(response.headers.get("date") ?? "");
        if (!Number.isNaN(date)) evidence.onDate(host, date, clock.wallTime());
        if (protocol === "https:") evidence.onCertificate(host, null);
        return response;
      } catch (error) {
        const trouble = error instanceof ShoalError ? certificateTrouble(error) : null;
        if (trouble !== null) evidence.onCertificate(new URL(url).host, trouble);
        throw error;
      }
    },
    families: (url) => http.families(url),
    stream: (url, range, sink) => http.stream(url, range, sink),
    close: () => http.close(),
  };
}

function certificateTrouble({ details }: ShoalError): CertificateTrouble | null {
  const code = details["systemCode"];
  return typeof code === "string" ? (CERTIFICATES[code] ?? null) : null;
}
