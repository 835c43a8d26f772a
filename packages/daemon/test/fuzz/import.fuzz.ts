import assert from "node:assert/strict";
import { isAbsolute } from "node:path";
import { ProtocolError } from "@shoal/engine";
import type { FuzzTarget } from "@shoal/testkit/fuzz";
import type { ForeignTorrent } from "../../dist/import/foreign-torrent.js";
import { ImportError, readLibtorrent, readTransmission } from "../../dist/import/read-resume.js";

const LIBTORRENT =
  "d10:added_timei1700000000e13:file_priorityli4ei0ei7ee6:pausedi1e6:pieces4:\u0001\u0000\u0001\u00018:qBt-tagsl1:a2:bce12:qBt-category1:x14:qBt-ratioLimiti1500e9:save_path4:/a/b8:trackersll11:http://a/b/eee";
const TRANSMISSION =
  "d10:added-datei1700000000e11:destination4:/a/b3:dndli0ei1ee6:labelsl1:ae6:pausedi0e8:priorityli-1ei1ee8:progressd4:have3:alle11:ratio-limitd11:ratio-limit8:2.50000010:ratio-modei1ee14:speed-limit-upd9:speed-Bpsi50000e15:use-speed-limiti1eee";

function read(from: (bytes: Uint8Array) => ForeignTorrent, input: Uint8Array): ForeignTorrent | null {
  try {
    return from(input);
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof ImportError) return null;
    throw error;
  }
}

export const targets: readonly FuzzTarget[] = [
  {
    name: "import",
    about: "resume data of libtorrent and Transmission",
    seeds: () => [LIBTORRENT, TRANSMISSION].map((text) => new TextEncoder().encode(text)),
    dictionary: ["i-1e", "i9007199254740993e", "le", "de", "9:save_path", "3:dnd", "4:have3:all", "6:pieces"],
    run(input) {
      const found = [read(readLibtorrent, input), read(readTransmission, input)];
      for (const torrent of found) {
        if (torrent === null) continue;
        assert.ok(isAbsolute(torrent.downloadDir) && !torrent.downloadDir.includes("\0"));
        for (const priority of torrent.priorities ?? []) assert.ok(priority >= 0 && priority <= 7);
        for (const label of torrent.labels) assert.ok(label !== "" && !label.includes(","));
        for (const value of [torrent.down, torrent.up, torrent.addedAt, torrent.finishedAt])
          assert.ok(value === null || (Number.isFinite(value) && value > 0));
        assert.ok(torrent.ratio === null || torrent.ratio === "never" || torrent.ratio >= 0);
      }
      return found
        .map((torrent) => (torrent === null ? "refused" : Object.values(torrent).join()))
        .join("|")
        .slice(0, 40);
    },
  },
];
