import { type Finding, finding } from "../finding.ts";
import { said } from "../said.ts";

/** What could be read of firewalls on this computer. */
export interface FirewallFacts {
  readonly platform: NodeJS.Platform;
  /** Names of those that are on: "ufw", "firewalld", "nftables", "iptables". */
  readonly active: readonly string[];
  /** Null when the session does not listen. */
  readonly port: number | null;
}

/** A hint, no verdict: what a firewall lets through is not for everybody to read. */
export function checkFirewall({ platform, active, port }: FirewallFacts): Finding {
  const number = port === null ? "PORT" : String(port);
  if (platform === "darwin")
    return finding(
      "firewall",
      "info",
      said`macOS asks once whether shoal may accept connections`,
      "allow it: System Settings, Network, Firewall, Options, add node",
    );
  if (platform === "win32")
    return finding(
      "firewall",
      "info",
      said`Windows asks once whether shoal may accept connections`,
      `allow it: netsh advfirewall firewall add rule name=shoal dir=in action=allow protocol=TCP localport=${number}, and the same for UDP`,
    );
  if (active.length === 0) return finding("firewall", "ok", said`none that could be seen is on`);
  const text = said`${active.join(" and ")} ${active.length === 1 ? "is" : "are"} on: port ${number} has to be allowed`;
  return finding("firewall", "info", text, ...active.map((name) => commandFor(name, number)));
}

function commandFor(name: string, port: string): string {
  switch (name) {
    case "ufw":
      return `allow it: sudo ufw allow ${port}`;
    case "firewalld":
      return `allow it: sudo firewall-cmd --permanent --add-port=${port}/tcp --add-port=${port}/udp && sudo firewall-cmd --reload`;
    default:
      return `allow TCP and UDP ${port} in the rules of ${name}, if they drop what comes in`;
  }
}
