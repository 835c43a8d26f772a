import { PYTHON } from "./availability.ts";
import { fixturePath } from "./paths.ts";
import type { Stage } from "./stage.ts";

/** One packet that left a machine. */
export interface SentPacket {
  /** Null when it is no IP packet. */
  readonly to: string | null;
  readonly port: number | null;
  /** "tcp", "udp", "arp", or the number of another one. */
  readonly protocol: string | number;
  /** The IP packet in hex, up to 2,000 bytes. */
  readonly data: string;
}

/** Keeps all packets that leave the network of a stage, by any interface, from now on. Needs root. */
export async function sniff(stage: Stage): Promise<readonly SentPacket[]> {
  const child = stage.spawn({
    name: "sniffer",
    command: PYTHON,
    args: [fixturePath("sniffer.py")],
    quiet: true,
  });
  const packets: SentPacket[] = [];
  await new Promise<void>((resolve, reject) => {
    child.onLine((line, from) => {
      if (from !== "stdout") return;
      const said = JSON.parse(line) as SentPacket | { readonly ready: true };
      if ("ready" in said) resolve();
      else packets.push(said);
    });
    void child.exited.then(() => reject(new Error(`the sniffer ended\n${child.log}`)));
  });
  return packets;
}
