import { EXIT, failure, type Finding, finding } from "../finding.ts";
import { said } from "../said.ts";

/** What came of connecting to our own port. `idle`: it is open, and nothing answers there before it is needed. */
export type Probe = "ok" | "off" | "idle" | "silent";

export interface ListeningFacts {
  /** Null when the session does not listen. */
  readonly port: number | null;
  /** It is to listen. */
  readonly isWanted: boolean;
  readonly tcp: Probe;
  readonly udp: Probe;
}

export function checkListening({ port, isWanted, tcp, udp }: ListeningFacts): Finding {
  if (port === null)
    return isWanted
      ? failure(
          "listening",
          EXIT.network,
          said`no port is open for peers: others can't connect`,
          "let shoal choose another: shoal config set network.port 0",
        )
      : finding("listening", "info", said`peers can't connect: listening is switched off`);
  if (tcp === "silent") {
    const text = said`port ${port} is open, but a connection from this computer to it does not come through`;
    const why = `allow TCP on port ${port} in the firewall of this computer`;
    return failure("listening", EXIT.network, text, why, "stop programs that filter connections");
  }
  if (udp === "silent") {
    const text = said`TCP ${port} answers, UDP ${port} does not: nobody is found through the DHT`;
    return finding("listening", "warn", text, `allow UDP on port ${port} in the firewall of this computer`);
  }
  if (udp === "idle") return finding("listening", "ok", said`TCP ${port}; UDP is not needed yet`);
  return finding("listening", "ok", udp === "off" ? said`TCP ${port}` : said`TCP and UDP ${port}`);
}
