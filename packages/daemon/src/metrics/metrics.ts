import type { Session } from "@shoal/engine";
import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import type { Live } from "../live/live.ts";

/** The node in numbers for Prometheus. Labels are states and directions: their number does not grow with what the node does. */
export class Metrics {
  readonly #session: Session;
  readonly #live: Live;
  readonly #registry: Registry = new Registry();
  readonly #gauges: readonly [Gauge, () => number][];
  readonly #torrents: Gauge<"state">;
  readonly #rate: Gauge<"direction">;
  readonly #bytes: Counter<"direction">;
  #told: { down: number; up: number } = { down: 0, up: 0 };

  constructor(session: Session, live: Live, version: string) {
    this.#session = session;
    this.#live = live;
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    const gauge = (name: string, help: string, read: () => number): [Gauge, () => number] => [
      new Gauge({ name, help, registers }),
      read,
    ];
    this.#gauges = [
      gauge("shoal_peers", "Connected peers", () => session.inUse().connections),
      gauge("shoal_half_open", "Connections being made", () => session.inUse().halfOpen),
      gauge(
        "shoal_disk_queue_slots",
        "Runs of 256 KiB on their way to the disk",
        () => session.inUse().slots,
      ),
      gauge("shoal_dht_nodes", "Nodes in the routing tables of the DHT", () => nodesOf(session)),
      gauge("shoal_event_readers", "Open event streams", () => live.size),
    ];
    this.#torrents = new Gauge({
      name: "shoal_torrents",
      help: "Transfers by state",
      labelNames: ["state"],
      registers,
    });
    this.#rate = new Gauge({
      name: "shoal_rate_bytes_per_second",
      help: "Payload at the moment",
      labelNames: ["direction"],
      registers,
    });
    this.#bytes = new Counter({
      name: "shoal_bytes_total",
      help: "Payload since the start",
      labelNames: ["direction"],
      registers,
    });
    const info = new Gauge({ name: "shoal_info", help: "What runs", labelNames: ["version"], registers });
    info.set({ version }, 1);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** In Prometheus' text format. */
  text(): Promise<string> {
    for (const [gauge, read] of this.#gauges) gauge.set(read());
    const states = new Map<string, number>();
    for (const { state } of this.#live.look().views()) states.set(state, (states.get(state) ?? 0) + 1);
    this.#torrents.reset();
    for (const [state, count] of states) this.#torrents.set({ state }, count);
    const now = performance.now();
    const { down, up } = this.#session.traffic;
    for (const [direction, meter] of Object.entries({ down, up }) as ["down" | "up", typeof down][]) {
      this.#rate.set({ direction }, Math.round(meter.rate(now)));
      this.#bytes.inc({ direction }, meter.total - this.#told[direction]);
      this.#told[direction] = meter.total;
    }
    return this.#registry.metrics();
  }
}

function nodesOf({ dht }: Session): number {
  const stats = dht?.stats();
  return (stats?.ipv4?.nodes ?? 0) + (stats?.ipv6?.nodes ?? 0);
}
