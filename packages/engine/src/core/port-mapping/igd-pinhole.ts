import type { Millis } from "../../base/brand.ts";
import type { IgdService } from "../../wire/igd.ts";
import { MAPPED_PROTOCOLS, type MappedProtocol, PROTOCOL_NUMBERS } from "../../wire/port-mapping.ts";
import type { IgdDevice } from "./igd-device.ts";
import type { IgdDialogue, IgdDialogueSpec } from "./igd-dialogue.ts";
import { believedLifetimeMs, LEASE_SECONDS, type OpeningFailure } from "./opening.ts";

/** Error codes (WANIPv6FirewallControl:1 2.5). */
const NOT_AUTHORIZED = 606;
const SPACE_EXHAUSTED = 701;
const FIREWALL_DISABLED = 702;
const NOT_ALLOWED = 703;

/** Holes in the firewall for IPv6, where there is no address translation: WANIPv6FirewallControl:1. */
export class IgdPinhole implements IgdDialogue {
  readonly #device: IgdDevice;
  readonly #spec: IgdDialogueSpec;
  /** The router's numbers of our holes. */
  readonly #open: Map<MappedProtocol, string> = new Map();

  constructor(device: IgdDevice, spec: IgdDialogueSpec) {
    this.#device = device;
    this.#spec = spec;
  }

  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  open(now: Millis): void {
    const [service] = this.#device.services("WANIPv6FirewallControl");
    if (service === undefined) return this.#spec.onFailed("unable", now);
    this.#device.call(service, "GetFirewallStatus", [], now, (answer, at) => {
      if (answer?.ok !== true)
        return this.#spec.onFailed(answer === null ? "silent" : failureOf(answer.code), at);
      const isEnabled = answer.values.get("FirewallEnabled") !== "0";
      if (isEnabled && answer.values.get("InboundPinholeAllowed") === "0")
        return this.#spec.onFailed("forbidden", at);
      for (const protocol of MAPPED_PROTOCOLS) {
        if (!isEnabled) this.#opened(protocol, at);
        else this.#renew(service, protocol, at);
      }
    });
  }

  close(now: Millis): void {
    const [service] = this.#device.services("WANIPv6FirewallControl");
    if (service === undefined) return;
    for (const id of this.#open.values()) {
      this.#device.call(service, "DeletePinhole", [["UniqueID", id]], now, () => {});
    }
    this.#open.clear();
  }

  #renew(service: IgdService, protocol: MappedProtocol, now: Millis): void {
    const id = this.#open.get(protocol);
    if (id === undefined) return this.#add(service, protocol, now);
    const values = [
      ["UniqueID", id],
      ["NewLeaseTime", LEASE_SECONDS],
    ] as const;
    this.#device.call(service, "UpdatePinhole", values, now, (answer, at) => {
      if (answer?.ok === true) return this.#opened(protocol, at);
      // The router has forgotten it.
      this.#open.delete(protocol);
      this.#add(service, protocol, at);
    });
  }

  #add(service: IgdService, protocol: MappedProtocol, now: Millis): void {
    const { port, route } = this.#spec;
    const values = [
      ["RemoteHost", ""],
      ["RemotePort", 0],
      ["InternalClient", route.local],
      ["InternalPort", port],
      ["Protocol", PROTOCOL_NUMBERS[protocol]],
      ["LeaseTime", LEASE_SECONDS],
    ] as const;
    this.#device.call(service, "AddPinhole", values, now, (answer, at) => {
      if (answer?.ok !== true) {
        if (answer?.code === FIREWALL_DISABLED) return this.#opened(protocol, at);
        return this.#spec.onRefused(protocol, answer === null ? "silent" : failureOf(answer.code), at);
      }
      const id = answer.values.get("UniqueID") ?? "";
      if (/^\d{1,5}$/.test(id)) this.#open.set(protocol, id);
      this.#opened(protocol, at);
    });
  }

  #opened(protocol: MappedProtocol, now: Millis): void {
    const { port, route } = this.#spec;
    const lifetimeMs = believedLifetimeMs(LEASE_SECONDS);
    this.#spec.onOpened(
      { via: "UPnP", protocol, externalHost: route.local, externalPort: port, lifetimeMs },
      now,
    );
  }
}

function failureOf(code: number): OpeningFailure {
  if (code === NOT_AUTHORIZED || code === NOT_ALLOWED) return "forbidden";
  return code === SPACE_EXHAUSTED ? "full" : "unable";
}
