import assert from "node:assert/strict";
import type { FuzzTarget } from "@shoal/testkit/fuzz";
import { ArgumentReader } from "../../dist/rpc/arguments.js";
import { choosePriorities, choosesFiles } from "../../dist/rpc/file-choice.js";
import { readGoals } from "../../dist/rpc/goal-fields.js";
import { findByIds } from "../../dist/rpc/ids.js";
import { readLabels } from "../../dist/rpc/labels.js";
import { readLimits } from "../../dist/rpc/limit-fields.js";
import { parseRequest } from "../../dist/rpc/request.js";
import { RpcError } from "../../dist/rpc/rpc-error.js";

type Transfers = Parameters<typeof findByIds>[1];
type Limited = Parameters<typeof readLimits>[1];

const HASH = "0123456789abcdef0123456789abcdef01234567";
const TRANSFERS = [1, 2, 3].map((id) => ({
  id,
  hash: id === 1 ? HASH : String(id).repeat(40),
})) as unknown as Transfers;
const FILES = [0, 1, 2].map((index) => ({ index, priority: 4 as const }));
const LIMITED = {
  limits: { down: null, up: 5, honorsSessionLimits: true, maxConnections: null, uploadSlots: null },
} as Limited;

const requests = [
  { method: "torrent-get", arguments: { ids: [1, HASH.toUpperCase()], fields: ["id"] }, tag: 7 },
  { method: "torrent-get", arguments: { ids: "recently-active", format: "table" } },
  {
    method: "torrent-set",
    arguments: { ids: -1, "files-wanted": [], "files-unwanted": [0], "priority-high": [1, 99] },
  },
  {
    method: "torrent-set",
    arguments: {
      ids: 2,
      labels: ["a", "b"],
      seedRatioLimit: 1.5,
      seedRatioMode: 1,
      seedIdleLimit: 30,
      seedIdleMode: 2,
    },
  },
  {
    method: "torrent-set",
    arguments: {
      downloadLimit: 50,
      downloadLimited: true,
      uploadLimit: 0,
      "peer-limit": 20,
      honorsSessionLimits: 0,
    },
  },
];

/** Runs what reads arguments: it may refuse, and nothing else. */
function refusing<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof RpcError) return null;
    throw error;
  }
}

export const targets: readonly FuzzTarget[] = [
  {
    name: "rpc",
    about: "requests of Transmission's RPC: which torrents, files, goals, labels and limits they mean",
    seeds: () => requests.map((request) => new TextEncoder().encode(JSON.stringify(request))),
    dictionary: [
      '"ids"',
      "-1",
      '"recently-active"',
      "null",
      "[]",
      "{}",
      "1e400",
      "0.5",
      "1e21",
      '"__proto__"',
      HASH,
      '"files-wanted"',
      '"priority-low"',
      '"labels"',
      '"seedRatioMode"',
      '"downloadLimit"',
    ],
    run(input) {
      const { method, args } = parseRequest(new TextDecoder().decode(input));
      const found = findByIds(args["ids"], TRANSFERS, ({ id }) => id === 3);
      assert.equal(new Set(found).size, found.length);
      if (typeof args["ids"] === "string" && args["ids"].length !== 40 && args["ids"] !== "recently-active")
        assert.deepEqual(found, []);
      const read = new ArgumentReader(args);
      const chosen = refusing(() => choosePriorities(read, FILES, {}));
      for (const [file, priority] of chosen?.priorities ?? []) {
        assert.ok(FILES.some(({ index }) => index === file));
        assert.ok([0, 1, 4, 7].includes(priority));
      }
      const goals = refusing(() => readGoals(read, { timeMs: 5 }, {}));
      for (const goal of Object.values(goals?.goals ?? {}))
        assert.ok(goal === null || (Number.isFinite(goal) && goal >= 0));
      const labels = refusing(() => readLabels(read));
      for (const label of labels ?? []) assert.ok(label.length > 0 && !label.includes(","));
      const limits = refusing(() => readLimits(read, LIMITED, {}));
      for (const value of Object.values(limits?.changes ?? {}))
        assert.ok(
          value === null || typeof value === "boolean" || (Number.isSafeInteger(value) && value > 0),
          String(value),
        );
      const parts = [chosen?.priorities.size, goals, labels?.length, limits].map((part) =>
        part === null ? "refused" : typeof part,
      );
      return `${typeof method} ${found.length} ${refusing(() => choosesFiles(read))} ${parts.join(" ")}`;
    },
  },
];
