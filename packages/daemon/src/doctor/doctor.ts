import type { Session } from "@shoal/engine";
import type { DoctorReport, GivenAddress, NodeInfo } from "@shoal/schema";
import type { Database } from "@shoal/server";
import { sql } from "kysely";
import type { LogTap } from "../live/log-tap.ts";
import type { Profile } from "../profile.ts";
import type { Settings } from "../settings/settings.ts";
import type { Tables } from "../state/tables.ts";
import type { Transfer } from "../transfer.ts";
import { addressesToGive, ownAddresses } from "./addresses.ts";
import { checkClock } from "./checks/clock.ts";
import { checkDatabase, type DatabaseFacts } from "./checks/database.ts";
import { checkDht } from "./checks/dht.ts";
import { checkHub } from "./checks/hub.ts";
import { checkListening, type ListeningFacts, type Probe } from "./checks/listening.ts";
import { checkLog } from "./checks/log.ts";
import { checkNetwork } from "./checks/network.ts";
import { checkPeers } from "./checks/peers.ts";
import { checkReachable } from "./checks/reachable.ts";
import { checkTrackers } from "./checks/trackers.ts";
import type { Finding } from "./finding.ts";
import { foldersOf, rightsOf } from "./own-files.ts";
import { examineComputer, type LocalFacts } from "./computer.ts";
import { isOnThisComputer, probeHub } from "./probes/hub.ts";
import { ownAddress, probeTcp, probeUdp } from "./probes/listening.ts";
import { RecentErrors } from "./recent-errors.ts";
import { makeReport } from "./report.ts";
import { trackerFacts } from "./tracker-facts.ts";

export interface DoctorParts {
  readonly profile: Profile;
  readonly settings: Settings;
  readonly session: Session;
  readonly database: Database<Tables>;
  readonly log: LogTap;
  /** Nothing is to leave this computer. */
  readonly isKept: boolean;
  /** Peers are to be able to connect. */
  readonly isToListen: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Finds out why nothing moves, or nobody gets in: looks, and tries what can be tried without asking anybody outside. */
export class Doctor {
  readonly #parts: DoctorParts;
  readonly #errors: RecentErrors;
  /** Pings that our own node of the DHT has answered to us: no evidence of others. */
  #ownPings = 0;

  constructor(parts: DoctorParts) {
    this.#parts = parts;
    this.#errors = new RecentErrors(parts.log);
  }

  /** `transfer`: the one that is asked about; null for the node as a whole. `version`: of the program. */
  async examine(transfer: Transfer | null, version: string): Promise<DoctorReport> {
    const { session, settings, isKept, now } = this.#parts;
    const [local, listening, database, hub] = await Promise.all([
      this.#computer(transfer, version),
      this.#listening(),
      askDatabase(this.#parts.database),
      this.#hub(),
    ]);
    const { evidence } = session;
    const at = now();
    const since = (time: number | null): number | null => (time === null ? null : Math.max(0, at - time));
    const findings: Finding[] = [
      ...local.disk,
      checkNetwork({
        isKept,
        obstacle: session.obstacle,
        host: settings.get("network.host"),
        hasProxy: settings.get("network.proxy") !== null,
        ipv4: local.ipv4,
        ipv6: local.ipv6,
      }),
      checkListening(listening),
      this.#reachable(),
      checkTrackers(
        trackerFacts(transfer === null ? session.torrents() : [transfer.torrent]),
        transfer !== null,
      ),
      this.#dht(transfer),
    ];
    if (transfer !== null) {
      const { torrent } = transfer;
      const { peers, seeds } = torrent.stats();
      findings.push(
        checkPeers({
          connected: peers,
          seeds,
          together: torrent.together,
          sinceCompleteMs: since(torrent.row()?.lastCompleteAt ?? null),
        }),
      );
    }
    const { clockTrouble: trouble, clockWitnesses: witnesses } = evidence;
    findings.push(checkClock({ trouble, witnesses, aheadOfDiskMs: local.aheadOfDiskMs }), local.firewall);
    if (hub !== null) findings.push(hub);
    findings.push(local.files, checkDatabase(database), checkLog(this.#errors.facts(at)), local.program);
    return makeReport(findings, transfer?.view() ?? null, this.#addresses());
  }

  /** Where others reach this node, and whether they can; nothing is tried for that. */
  reach(): Pick<NodeInfo, "addresses" | "reachable" | "reachableWhy"> {
    const { isKept, session } = this.#parts;
    const { status, said } = this.#reachable();
    const isClosed = status === "fail" || isKept || session.endpoint === null;
    return {
      addresses: this.#addresses(),
      reachable: isClosed ? "no" : status === "ok" ? "yes" : "unknown",
      reachableWhy: said.message,
    };
  }

  close(): void {
    this.#errors.close();
  }

  #reachable(): Finding {
    const { isKept, session, now } = this.#parts;
    const { incomingAt } = session.evidence;
    return checkReachable({
      isKept,
      port: session.endpoint?.port ?? null,
      sinceIncomingMs: incomingAt === null ? null : Math.max(0, now() - incomingAt),
      reachability: session.reachability(),
    });
  }

  #computer(transfer: Transfer | null, version: string): Promise<LocalFacts> {
    const { profile, settings, session, now } = this.#parts;
    const downloads = transfer?.torrent.downloadDir ?? settings.get("downloads.dir");
    const port = session.endpoint?.port ?? null;
    return examineComputer(
      { folders: foldersOf(profile, settings, downloads), files: rightsOf(profile, settings), port, version },
      now,
    );
  }

  async #listening(): Promise<ListeningFacts> {
    const { session, isToListen } = this.#parts;
    const { endpoint } = session;
    if (endpoint === null) return { port: null, isWanted: isToListen, tcp: "off", udp: "off" };
    const host = ownAddress(endpoint.host);
    const [tcp, udp] = await Promise.all([probeTcp(host, endpoint.port), this.#probeDht(host)]);
    return { port: endpoint.port, isWanted: isToListen, tcp, udp };
  }

  /** A node that takes no part yet would begin to by being asked, and nobody has asked for that. */
  async #probeDht(host: string): Promise<Probe> {
    const { dht } = this.#parts.session;
    const port = dht?.portFor(host) ?? 0;
    if (dht === null || port === 0) return "off";
    const { ipv4, ipv6 } = dht.stats();
    if (ipv4 === null && ipv6 === null) return "idle";
    const outcome = await probeUdp(host, port);
    if (outcome === "ok") this.#ownPings++;
    return outcome;
  }

  async #hub(): Promise<Finding | null> {
    const { settings, isKept } = this.#parts;
    const address = settings.get("hub.address");
    if (address === null) return null;
    if (isKept && !isOnThisComputer(address)) return checkHub({ address, answer: "not-asked" });
    return checkHub({ address, answer: await probeHub(address) });
  }

  #dht(transfer: Transfer | null): Finding {
    const { session, isKept } = this.#parts;
    const stats = session.dht?.stats();
    const families = [stats?.ipv4 ?? null, stats?.ipv6 ?? null].filter((one) => one !== null);
    const sum = (key: "goodNodes" | "packetsIn" | "packetsOut"): number =>
      families.reduce((total, one) => total + one[key], 0);
    return checkDht({
      isOn: session.dht !== null,
      isPrivate: transfer?.isPrivate ?? false,
      isKept,
      nodes: sum("goodNodes"),
      packetsIn: sum("packetsIn") - this.#ownPings,
      packetsOut: sum("packetsOut") - this.#ownPings,
    });
  }

  #addresses(): GivenAddress[] {
    const { session, isKept } = this.#parts;
    const { endpoint } = session;
    if (endpoint === null) return [];
    const { ipv4, ipv6 } = session.reachability();
    return addressesToGive({
      ...endpoint,
      isKept,
      external: session.evidence.external,
      externalPorts: {
        v4: ipv4.state === "open" ? ipv4.port : endpoint.port,
        v6: ipv6.state === "open" ? ipv6.port : endpoint.port,
      },
      own: ownAddresses(),
    });
  }
}

async function askDatabase({ query }: Database<Tables>): Promise<DatabaseFacts> {
  const began = performance.now();
  try {
    await sql`select 1`.execute(query);
    return { error: null, tookMs: performance.now() - began };
  } catch (error) {
    return { error: (error as Error).message, tookMs: performance.now() - began };
  }
}
