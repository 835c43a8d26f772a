import { parseArgs } from "node:util";
import type { TorrentKind } from "@shoal/testkit";

/** What was asked for on the command line. */
export interface Options {
  /** Bytes of payload; null is what the benchmark has by itself. */
  readonly size: number | null;
  readonly runs: number;
  /** Names of contenders, in the order in which they take turns. Empty: all. */
  readonly only: readonly string[];
  /** Null is what the benchmark has by itself. */
  readonly pieceLength: number | null;
  readonly kind: TorrentKind;
  readonly json: boolean;
  /** File for all rows as JSON; null is none. */
  readonly out: string | null;
  /** Folder for CPU profiles of our own processes; null is none. */
  readonly profile: string | null;
  /** Only micro-benchmarks whose name contains this; empty: all. */
  readonly filter: string;
  readonly skipTiny: boolean;
  readonly seconds: number;
  readonly peers: number;
}

export class UsageError extends Error {}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  K: 2 ** 10,
  KIB: 2 ** 10,
  M: 2 ** 20,
  MIB: 2 ** 20,
  G: 2 ** 30,
  GIB: 2 ** 30,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
};

export function parseOptions(args: readonly string[]): Options {
  const values = parseWords(args);
  const kinds = (["v1", "v2", "hybrid"] as const).filter((kind) => values[kind]);
  if (kinds.length > 1) throw new UsageError("choose one of --v1, --v2 and --hybrid");
  return {
    size: values.size === undefined ? null : parseSize(values.size),
    runs: parseCount("runs", values.runs),
    only: (values.only ?? "").split(",").filter((name) => name !== ""),
    pieceLength: values.piece === undefined ? null : parseSize(values.piece),
    kind: kinds[0] ?? "v1",
    json: values.json === true,
    out: values.out ?? null,
    profile: values.profile ?? null,
    filter: values.filter ?? "",
    skipTiny: values["skip-tiny"] === true,
    seconds: parseCount("seconds", values.seconds),
    peers: parseCount("peers", values.peers),
  };
}

function parseCount(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new UsageError(`--${name} is not a number above 0: ${text}`);
  return count;
}

function parseWords(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        size: { type: "string" },
        runs: { type: "string", default: "5" },
        only: { type: "string" },
        piece: { type: "string" },
        v1: { type: "boolean" },
        v2: { type: "boolean" },
        hybrid: { type: "boolean" },
        json: { type: "boolean" },
        out: { type: "string" },
        profile: { type: "string" },
        filter: { type: "string" },
        "skip-tiny": { type: "boolean" },
        seconds: { type: "string", default: "300" },
        peers: { type: "string", default: "50" },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** "64MiB", "1M" and "65536" are sizes; K, M and G are powers of 1024. */
function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text);
  const unit = UNITS[(match?.[2] ?? "?").toUpperCase()];
  if (match === null || unit === undefined) throw new UsageError(`not a size: ${text}`);
  return Math.round(Number(match[1]) * unit);
}
