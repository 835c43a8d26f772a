import { EXIT, failure, type Finding, finding } from "../finding.ts";
import { said } from "../said.ts";

export interface DhtFacts {
  readonly isOn: boolean;
  /** The transfer that is looked at is private: it may not be told to the DHT. */
  readonly isPrivate: boolean;
  /** Nothing is to leave this computer. */
  readonly isKept: boolean;
  /** Nodes that answered of late, of both families. */
  readonly nodes: number;
  readonly packetsOut: number;
  readonly packetsIn: number;
}

/** So many packets in vain are no chance. */
const MANY = 8;

export function checkDht(facts: DhtFacts): Finding {
  if (!facts.isOn)
    return finding("DHT", "info", said`switched off`, "switch it on: shoal config set network.dht true");
  if (facts.isPrivate) return finding("DHT", "info", said`not for this transfer: it is private`);
  if (facts.nodes > 0) return finding("DHT", "ok", said`${facts.nodes} node${facts.nodes === 1 ? "" : "s"}`);
  if (facts.isKept) return finding("DHT", "info", said`no nodes: none on this computer is known`);
  if (facts.packetsOut === 0) return finding("DHT", "info", said`no nodes: nothing has needed it yet`);
  const asked = `${facts.packetsOut} packets sent, ${facts.packetsIn} came`;
  if (facts.packetsIn === 0 && facts.packetsOut >= MANY)
    return failure(
      "DHT",
      EXIT.network,
      said`no nodes: ${asked}, so UDP does not come through`,
      "allow shoal to send and receive UDP in the firewall and the router",
    );
  return finding("DHT", "warn", said`no nodes yet: ${asked}`, "leave it: nodes are asked again each minute");
}
