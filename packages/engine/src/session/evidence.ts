import { isPrivate } from "../base/address.ts";
import type { ClockTrouble } from "../core/clock-evidence.ts";
import type { SessionPorts } from "./context.ts";

/** What others have shown or told of this node; nothing of it is a guess of ours. */
export class Evidence {
  readonly #ports: Pick<SessionPorts, "clock" | "clockEvidence" | "external">;
  #incomingAt: number | null = null;

  constructor(ports: Pick<SessionPorts, "clock" | "clockEvidence" | "external">) {
    this.#ports = ports;
  }

  /** When somebody from outside the local network last connected, milliseconds since the Unix epoch; null when nobody has. */
  get incomingAt(): number | null {
    return this.#incomingAt;
  }

  /** Under which addresses most of those see us who are outside; null while that is not known. */
  get external(): { readonly v4: string | null; readonly v6: string | null } {
    const { v4, v6 } = this.#ports.external;
    return { v4, v6 };
  }

  /** What speaks against the clock of this computer; null when nothing does. */
  get clockTrouble(): ClockTrouble | null {
    return this.#ports.clockEvidence.trouble;
  }

  /** How many servers have told their time. */
  get clockWitnesses(): number {
    return this.#ports.clockEvidence.witnesses;
  }

  /** For the session: somebody has connected to us. */
  onIncoming(host: string): void {
    if (!isPrivate(host)) this.#incomingAt = this.#ports.clock.wallTime();
  }
}
