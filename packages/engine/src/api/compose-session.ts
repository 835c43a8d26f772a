import { FAMILIES } from "../base/address.ts";
import { IpFilter } from "../base/ip-filter.ts";
import { Xoshiro128 } from "../base/rng.ts";
import { ClockEvidence } from "../core/clock-evidence.ts";
import { ExternalAddress } from "../core/external-address.ts";
import { nodeClock } from "../node/clock.ts";
import { nodeDiffieHellman } from "../node/diffie-hellman.ts";
import { NodeDisk } from "../node/disk.ts";
import { nodeSigner } from "../node/signer.ts";
import { nodeHasher } from "../node/hasher.ts";
import { NodeHttp } from "../node/http.ts";
import { LocalNetworks } from "../node/local-networks.ts";
import { NetPolicy } from "../node/net-policy.ts";
import { NodeRandom } from "../node/random.ts";
import { NodeRouters } from "../node/routers.ts";
import { NodeStore } from "../node/store.ts";
import { NodeUdp } from "../node/udp.ts";
import { NodeNet } from "../node/tcp.ts";
import type { Log } from "../ports/log.ts";
import { LanService, type LanServicePorts } from "../session/lan-service.ts";
import { LsdFinder } from "../session/lsd-finder.ts";
import { PortMapper } from "../session/port-mapper.ts";
import { Dht, type DhtSettings } from "../session/dht.ts";
import { Session } from "../session/session.ts";
import { TrackerClient } from "../session/tracker-client.ts";
import { witnessedHttp } from "../session/witnessed-http.ts";
import { parseProxy } from "./parse-proxy.ts";
import { PUBLIC_DHT_NODES, type SessionOptions, withDefaults } from "./options.ts";

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** See `createSession`. */
export async function composeSession(
  options: Partial<SessionOptions> & { readonly stateDir: string },
): Promise<Session> {
  const all = withDefaults(options);
  const ipFilter = new IpFilter(all.ipFilter);
  const proxy = all.proxy === undefined ? undefined : parseProxy(all.proxy);
  const policy = new NetPolicy({ bindHost: all.host, loopbackOnly: all.offline, ipFilter, proxy });
  const net = new NodeNet(policy);
  const random = new NodeRandom();
  const udp = new NodeUdp(policy);
  const clockEvidence = new ClockEvidence();
  const http = witnessedHttp(new NodeHttp(policy, all.clientName), clockEvidence, nodeClock);
  const newRng = (): Xoshiro128 => new Xoshiro128(random.fill(new Uint8Array(16)));
  const log = all.log ?? silent;
  const external = new ExternalAddress();
  const store = new NodeStore(all.stateDir);
  const shared = {
    clock: nodeClock,
    net,
    udp,
    http,
    random,
    store,
    log,
    external,
    clockEvidence,
    ipFilter,
    hasher: nodeHasher,
  };
  const dht = all.dht ? new Dht({ ...shared, signer: nodeSigner }, newRng(), dhtSettings(all, policy)) : null;
  const lsd = all.lsd && proxy === undefined ? [new LsdFinder({ clock: nodeClock, udp, log }, newRng())] : [];
  const session = new Session(
    {
      ...shared,
      disk: new NodeDisk({ arenaBytes: all.arenaBytes, workers: all.diskWorkers }),
      diffieHellman: nodeDiffieHellman,
      trackers: new TrackerClient(shared, newRng()),
      finders: [...lsd, ...(dht === null ? [] : [dht])],
      dht,
      lanService:
        all.lanService === undefined
          ? null
          : new LanService(lanPorts(policy, udp, log), all.lanService, newRng()),
      portMapper:
        all.portMapping && all.listen && !policy.loopbackOnly && proxy === undefined
          ? new PortMapper({ ...shared, routers: new NodeRouters(policy) }, newRng())
          : null,
    },
    {
      host: policy.isBound ? null : policy.listenHost,
      ports: all.listen && (proxy === undefined || all.proxyListen) ? all.ports : [],
      verify: all.verify,
      lazyVerify: all.lazyVerify,
      obfuscation: all.obfuscation,
      webSeeds: all.webSeeds,
      pex: all.pex,
      limits: all.limits,
      maxConnections: all.maxConnections,
      maxConnectionsPerTorrent: all.maxConnectionsPerTorrent,
      uploadSlots: all.uploadSlots,
      maxQueuedRequests: all.maxQueuedRequests,
      maxOutstandingRequests: all.maxOutstandingRequests,
      diskReserve: all.diskReserve,
      peerIdPrefix: "SH0100",
      clientName: all.clientName,
      handshakeTimeoutMs: all.handshakeTimeoutMs,
      idleTimeoutMs: all.idleTimeoutMs,
    },
  );
  try {
    await session.listen();
  } catch (error) {
    await session.close();
    throw error;
  }
  return session;
}

function dhtSettings(all: SessionOptions, policy: NetPolicy): DhtSettings {
  return {
    bootstrap: all.dhtBootstrap ?? (policy.loopbackOnly ? [] : PUBLIC_DHT_NODES),
    mayContact: ({ host }) => policy.refusal(host) === null,
  };
}

function lanPorts(policy: NetPolicy, udp: NodeUdp, log: Log): LanServicePorts {
  return {
    clock: nodeClock,
    log,
    // Loaded when it is wanted: most sessions do without.
    openMdns: async (family, listener) =>
      (await import("../node/mdns.ts")).NodeMdns.open(udp, family, listener),
    addresses: () => FAMILIES.flatMap((family) => new LocalNetworks(family, policy).addresses),
  };
}
