/** What a torrent needs its turn for. */
export type QueueKind = "download" | "seed";

/** How many torrents of each kind run at the same time; Infinity for any number. */
export type QueueLimits = Readonly<Record<QueueKind, number>>;

export const NO_LIMITS: QueueLimits = { download: Infinity, seed: Infinity };

/** What is known of a torrent that wants to run. */
export interface QueueFacts {
  readonly kind: QueueKind;
  readonly running: boolean;
  /** It runs, and has moved nothing for a while: it takes nothing from the others. */
  readonly idle: boolean;
  /** Somebody wants it to run whatever the limits say. */
  readonly forced: boolean;
}

/** So many may run idly beside those that count. More downloads would cost sockets and memory for nothing; what is shared goes to rest. */
const MOST_IDLE: QueueLimits = { download: 100, seed: Infinity };

/** Who starts and who waits, of torrents in the order of the queue. */
export function decideQueue<T>(
  inOrder: Iterable<readonly [T, QueueFacts]>,
  limits: QueueLimits,
): { readonly start: T[]; readonly hold: T[] } {
  const start: T[] = [];
  const hold: T[] = [];
  const taken = { download: 0, seed: 0 };
  const idlers = { download: 0, seed: 0 };
  for (const [torrent, { kind, running, idle, forced }] of inOrder) {
    let runs = true;
    if (!forced) {
      if (running && idle && idlers[kind] < MOST_IDLE[kind]) idlers[kind]++;
      else if (taken[kind] < limits[kind]) taken[kind]++;
      else runs = false;
    }
    if (runs !== running) (runs ? start : hold).push(torrent);
  }
  return { start, hold };
}

/** A number is a place, from 0. */
export type QueueMove = "top" | "up" | "down" | "bottom" | number;

/** What the queue is ordered by: the smaller, the earlier. */
interface Ranked {
  readonly rank: number;
}

/** New ranks that move the chosen ones, who keep their order among themselves; of those that have the right one already none is given. */
export function moveInQueue<T extends Ranked>(
  inOrder: readonly T[],
  chosen: ReadonlySet<T>,
  move: QueueMove,
): Map<T, number> {
  const moving = inOrder.filter((one) => chosen.has(one));
  if (moving.length === 0) return new Map();
  // At the ends there is room: nobody else has to be given another rank.
  if (move === "top") return ranksFrom(moving, inOrder[0]!.rank - moving.length);
  if (move === "bottom") return ranksFrom(moving, inOrder.at(-1)!.rank + 1);
  const order = typeof move === "number" ? movedTo(inOrder, chosen, moving, move) : [...inOrder];
  if (move === "up") for (let at = 1; at < order.length; at++) swapIf(order, at, at - 1, chosen);
  if (move === "down") for (let at = order.length - 2; at >= 0; at--) swapIf(order, at, at + 1, chosen);
  const ranks = new Map<T, number>();
  for (const [at, { rank }] of inOrder.entries()) {
    const one = order[at]!;
    if (one.rank !== rank) ranks.set(one, rank);
  }
  return ranks;
}

function ranksFrom<T extends Ranked>(moving: readonly T[], first: number): Map<T, number> {
  return new Map(moving.map((one, at) => [one, first + at]));
}

function movedTo<T>(inOrder: readonly T[], chosen: ReadonlySet<T>, moving: readonly T[], to: number): T[] {
  const others = inOrder.filter((one) => !chosen.has(one));
  return [...others.slice(0, to), ...moving, ...others.slice(to)];
}

function swapIf<T>(order: T[], from: number, to: number, chosen: ReadonlySet<T>): void {
  const one = order[from]!;
  const other = order[to]!;
  if (!chosen.has(one) || chosen.has(other)) return;
  order[from] = other;
  order[to] = one;
}
