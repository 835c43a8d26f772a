import { canonicalIp, isBogon } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import type { IgdService, SoapAnswer } from "../../wire/igd.ts";
import { MAPPED_PROTOCOLS, type MappedProtocol } from "../../wire/port-mapping.ts";
import type { IgdDevice } from "./igd-device.ts";
import type { IgdDialogue, IgdDialogueSpec } from "./igd-dialogue.ts";
import { believedLifetimeMs, LEASE_SECONDS, type OpeningFailure } from "./opening.ts";

/** Outside ports that are tried, the first of them the wanted one. */
const MAX_PORTS = 5;
/** Other ports come from above the well-known and below the short-lived ones. */
const OTHER_PORTS = { from: 20_000, count: 12_000 } as const;
/** How long a mapping that never ends is believed in: the router may be switched off. */
const PERMANENT_SECONDS = LEASE_SECONDS;

/** Error codes (WANIPConnection:1 2.4.16, WANIPConnection:2 2.5.16). */
const INVALID_ARGS = 402;
const ACTION_FAILED = 501;
const NOT_AUTHORIZED = 606;
const CONFLICT = 718;
const SAME_PORTS_REQUIRED = 724;
const ONLY_PERMANENT = 725;
const NO_MAPS_AVAILABLE = 728;
const CONFLICT_WITH_OTHER = 729;

/** Port mappings of IPv4: WANIPConnection 1 and 2, and WANPPPConnection. */
export class IgdPortMapping implements IgdDialogue {
  readonly #device: IgdDevice;
  readonly #spec: IgdDialogueSpec;
  #service: IgdService | null = null;
  #outside: string | null = null;
  /** The router knows no lease that ends. */
  #isPermanent = false;
  /** Outside ports that are open, or asked for. */
  readonly #open: Map<MappedProtocol, number> = new Map();

  constructor(device: IgdDevice, spec: IgdDialogueSpec) {
    this.#device = device;
    this.#spec = spec;
  }

  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  open(now: Millis): void {
    const known = this.#service;
    const services = this.#device.services("WANIPConnection", "WANPPPConnection");
    this.#tryServices(known === null ? services : [known], "unable", now);
  }

  close(now: Millis): void {
    const service = this.#service;
    if (service === null) return;
    for (const [protocol, port] of this.#open) {
      const values = [
        ["NewRemoteHost", ""],
        ["NewExternalPort", port],
        ["NewProtocol", upper(protocol)],
      ] as const;
      this.#device.call(service, "DeletePortMapping", values, now, () => {});
    }
    this.#open.clear();
  }

  /** Takes the first service that has an address outside: a router may describe several lines, and use one. */
  #tryServices(services: readonly IgdService[], failure: OpeningFailure, now: Millis): void {
    const [service, ...others] = services;
    if (service === undefined) return this.#spec.onFailed(failure, now);
    this.#device.call(service, "GetExternalIPAddress", [], now, (answer, at) => {
      const host = answer?.ok === true ? canonicalIp(answer.values.get("NewExternalIPAddress") ?? "") : null;
      if (host === null || isBogon(host)) {
        this.#service = null;
        return this.#tryServices(others, answer === null ? failure : "no-outside", at);
      }
      this.#service = service;
      this.#outside = host;
      for (const protocol of MAPPED_PROTOCOLS) {
        this.#map(service, protocol, this.#open.get(protocol) ?? this.#spec.port, 1, at);
      }
    });
  }

  #map(
    service: IgdService,
    protocol: MappedProtocol,
    externalPort: number,
    count: number,
    now: Millis,
  ): void {
    const lease = this.#isPermanent ? 0 : LEASE_SECONDS;
    // From now on: it is to be taken back too when we end before the answer.
    this.#open.set(protocol, externalPort);
    this.#add("AddPortMapping", service, protocol, externalPort, lease, now, (answer, at) => {
      if (answer?.ok === true) return this.#opened(protocol, externalPort, lease, at);
      const code = answer?.code ?? null;
      if (code === ONLY_PERMANENT || (lease > 0 && (code === INVALID_ARGS || code === ACTION_FAILED))) {
        this.#isPermanent = true;
        return this.#map(service, protocol, externalPort, count, at);
      }
      const isTaken = code === CONFLICT || code === CONFLICT_WITH_OTHER;
      if (!isTaken || count >= MAX_PORTS) return this.#refused(protocol, failureOf(code), at);
      if (service.version >= 2 && count === 1) return this.#mapAny(service, protocol, externalPort, at);
      this.#map(service, protocol, this.#otherPort(), count + 1, at);
    });
  }

  /** Lets the router choose a port (WANIPConnection:2 2.5.17). */
  #mapAny(service: IgdService, protocol: MappedProtocol, externalPort: number, now: Millis): void {
    const lease = this.#isPermanent ? 0 : LEASE_SECONDS;
    this.#add("AddAnyPortMapping", service, protocol, externalPort, lease, now, (answer, at) => {
      const port = answer?.ok === true ? Number(answer.values.get("NewReservedPort")) : 0;
      if (Number.isInteger(port) && port > 0 && port < 65_536) return this.#opened(protocol, port, lease, at);
      this.#map(service, protocol, this.#otherPort(), 2, at);
    });
  }

  #add(
    action: "AddPortMapping" | "AddAnyPortMapping",
    service: IgdService,
    protocol: MappedProtocol,
    externalPort: number,
    lease: number,
    now: Millis,
    then: (answer: SoapAnswer | null, now: Millis) => void,
  ): void {
    const { port, route } = this.#spec;
    const values = [
      ["NewRemoteHost", ""],
      ["NewExternalPort", externalPort],
      ["NewProtocol", upper(protocol)],
      ["NewInternalPort", port],
      ["NewInternalClient", route.local],
      ["NewEnabled", 1],
      ["NewPortMappingDescription", `Shoal ${upper(protocol)} ${port}`],
      ["NewLeaseDuration", lease],
    ] as const;
    this.#device.call(service, action, values, now, then);
  }

  #opened(protocol: MappedProtocol, externalPort: number, lease: number, now: Millis): void {
    this.#open.set(protocol, externalPort);
    const lifetimeMs = believedLifetimeMs(lease === 0 ? PERMANENT_SECONDS : lease);
    this.#spec.onOpened(
      { via: "UPnP", protocol, externalHost: this.#outside, externalPort, lifetimeMs },
      now,
    );
  }

  #refused(protocol: MappedProtocol, failure: OpeningFailure, now: Millis): void {
    this.#open.delete(protocol);
    this.#spec.onRefused(protocol, failure, now);
  }

  #otherPort(): number {
    return OTHER_PORTS.from + this.#spec.rng.below(OTHER_PORTS.count);
  }
}

function upper(protocol: MappedProtocol): "TCP" | "UDP" {
  return protocol === "tcp" ? "TCP" : "UDP";
}

function failureOf(code: number | null): OpeningFailure {
  switch (code) {
    case null:
      return "silent";
    case NOT_AUTHORIZED:
      return "forbidden";
    case NO_MAPS_AVAILABLE:
      return "full";
    case CONFLICT:
    case CONFLICT_WITH_OTHER:
    case SAME_PORTS_REQUIRED:
      return "taken";
    default:
      return "unable";
  }
}
