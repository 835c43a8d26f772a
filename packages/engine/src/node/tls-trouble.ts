/** What is wrong with the TLS of a server, as Node's error code tells, in words that name it; null when it is something else. */
export function tlsTrouble(code: string, host: string): string | null {
  switch (code) {
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "CERT_UNTRUSTED":
      return `the certificate of ${host} is signed by nobody that this machine trusts`;
    case "CERT_HAS_EXPIRED":
      return `the certificate of ${host} has expired`;
    case "CERT_NOT_YET_VALID":
      return `the certificate of ${host} is not valid yet; is this machine's clock right?`;
    case "CERT_REVOKED":
      return `the certificate of ${host} was revoked`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `the certificate of ${host} is for another name`;
    default:
      return code === "EPROTO" || code.startsWith("ERR_SSL_")
        ? `${host} does not answer in TLS as it should`
        : null;
  }
}
