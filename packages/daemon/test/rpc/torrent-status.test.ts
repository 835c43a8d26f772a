import assert from "node:assert/strict";
import { test } from "node:test";
import { statusOf } from "../../dist/rpc/torrent-status.js";

test("statusOf: what waits for its turn has numbers of its own, as in Transmission", () => {
  const some = { pieceCount: 2, wanted: 20, have: 10, waiting: null };
  const all = { ...some, have: 20 };
  const inLine = { code: "queued", message: "waiting to be checked", actions: [] } as never;
  assert.deepEqual(
    [
      statusOf({ state: "checking" }, { ...some, waiting: inLine }),
      statusOf({ state: "checking" }, some),
      statusOf({ state: "queued" }, { ...some, waiting: inLine }),
      statusOf({ state: "queued" }, { ...all, waiting: inLine }),
      statusOf({ state: "seeding" }, all),
    ],
    [1, 2, 3, 5, 6],
  );
});
