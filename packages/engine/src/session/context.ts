import type { Family } from "../base/address.ts";
import type { Millis } from "../base/brand.ts";
import type { IpFilter } from "../base/ip-filter.ts";
import type { Rng } from "../base/rng.ts";
import type { ClockEvidence } from "../core/clock-evidence.ts";
import type { ExternalAddress } from "../core/external-address.ts";
import type { DeliveryLog } from "../core/delivery-log.ts";
import type { DialBudget } from "../core/swarm/dial-budget.ts";
import type { FaultWatch } from "../core/swarm/fault-watch.ts";
import type { BanCause } from "../core/swarm/standing.ts";
import type { Clock } from "../ports/clock.ts";
import type { DiffieHellman } from "../ports/diffie-hellman.ts";
import type { Disk } from "../ports/disk.ts";
import type { CheckTurns } from "./check-turns.ts";
import type { HostBudget } from "../core/web-seed/host-budget.ts";
import type { Hasher } from "../ports/hasher.ts";
import type { Http } from "../ports/http.ts";
import type { Log } from "../ports/log.ts";
import type { Endpoint, Net } from "../ports/net.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";
import type { Bandwidth } from "./bandwidth.ts";
import type { SessionConfig, SessionSettings } from "./config.ts";
import type { Dht } from "./dht.ts";
import type { ExtensionRegistry } from "./extensions.ts";
import type { Obfuscation } from "./obfuscation.ts";
import type { SpacePolls } from "./space-polls.ts";
import type { PeerFinder } from "./peer-finder.ts";
import type { LanService } from "./lan-service.ts";
import type { PortMapper } from "./port-mapper.ts";
import type { PeerStandings } from "./peer-standings.ts";
import type { StoreFlow } from "./store-flow.ts";
import type { Traffic } from "./traffic.ts";
import type { TrackerClient } from "./tracker-client.ts";
import type { UploadBuffers } from "./upload-buffers.ts";

/** Everything a session needs from outside; the simulator supplies its own. */
export interface SessionPorts {
  readonly clock: Clock;
  readonly net: Net;
  readonly disk: Disk;
  readonly hasher: Hasher;
  readonly diffieHellman: DiffieHellman;
  readonly random: Random;
  readonly store: Store;
  readonly log: Log;
  /** Closed by the trackers. */
  readonly http: Http;
  readonly trackers: TrackerClient;
  /** Whom the user wants nothing to do with. */
  readonly ipFilter: IpFilter;
  readonly finders: readonly PeerFinder[];
  /** Null when we neither show ourselves in the local network nor look for others there. */
  readonly lanService: LanService | null;
  /** Null when routers are not to be asked. */
  readonly portMapper: PortMapper | null;
  /** Shared with the trackers and finders, which vote on it, too. */
  readonly external: ExternalAddress;
  /** What answers of others say of the clock of this computer. */
  readonly clockEvidence: ClockEvidence;
  /** Null when the session does without. */
  readonly dht: Dht | null;
}

/** What the torrents of one session share. */
export interface SessionContext extends SessionPorts {
  readonly config: SessionConfig;
  /** Those of them that may change. */
  readonly settings: SessionSettings;
  readonly bandwidth: Bandwidth;
  readonly rng: Rng;
  /** Our 20-byte id on the wire (BEP 20). */
  readonly peerId: Uint8Array;
  readonly storeFlow: StoreFlow;
  readonly spacePolls: SpacePolls;
  readonly uploadBuffers: UploadBuffers;
  readonly dialBudget: DialBudget;
  readonly webHosts: HostBudget;
  readonly checkTurns: CheckTurns;
  readonly extensions: ExtensionRegistry;
  readonly faults: FaultWatch;
  readonly deliveries: DeliveryLog;
  readonly traffic: Traffic;
  readonly standings: PeerStandings;
  readonly obfuscation: Obfuscation;
  /** The port that we listen on, or 0. */
  listenPort(): number;
  /** The port on which peers from outside reach us by a family: a router may have opened another one than ours. 0 when not listening. */
  announcedPort(family: Family): number;
  /** Whether one more connection fits the session. */
  hasRoom(): boolean;
  /** There are more than there should be: some came in to contest a slot. */
  isOverfull(): boolean;
  onConnectionOpened(): void;
  onConnectionClosed(): void;
  /** Somebody became interested or a slot became free: choose who is served at the next opportunity. */
  requestChoking(): void;
  /** Turns a peer away in all torrents. */
  ban(remote: Endpoint, peerId: Uint8Array | null, cause: BanCause, reason: string): void;
  /** This computer is suspected to spoil data: whom it may have wronged lately is pardoned. */
  onLocalFault(): void;
  now(): Millis;
}
