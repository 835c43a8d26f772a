// What other programs really send, recorded by packages/testkit/fixtures/record_packets.py.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fromHex } from "../../dist/base/bytes.js";
import { decodeExtensionHandshake } from "../../dist/wire/extension.js";
import { parseAnnounceAnswer, parseScrapeAnswer } from "../../dist/wire/http-tracker.js";
import { decodeKrpc } from "../../dist/wire/krpc.js";
import { decodeLsdAnnounce } from "../../dist/wire/lsd.js";
import { decodePex } from "../../dist/wire/pex.js";
import { decodeUdpTrackerPacket } from "../../dist/wire/udp-tracker.js";

const RECORDED = JSON.parse(
  readFileSync(new URL("../../test/wire/recorded.json", import.meta.url), "utf8"),
) as Record<string, string>;
/** Of the torrent that all of them shared. */
const INFO_HASH = "da21e2de3015c8e4b24d2c589ad5aae682108fee";
/** Peers of the recording: they said that they listen on these ports. */
const PEERS = [
  { host: "10.73.0.7", port: 7001 },
  { host: "10.73.0.8", port: 7002 },
];

function recorded(name: string): Uint8Array {
  return fromHex(RECORDED[name]!);
}

describe("announces on the local network", () => {
  for (const [program, cookie] of [
    ["libtorrent", "1cf07910"],
    ["transmission", null],
    ["aria2", null],
  ] as const) {
    test(program, () => {
      const announce = decodeLsdAnnounce(recorded(`lsd-${program}`));
      assert.deepEqual(announce, { port: 6881, names: [INFO_HASH], cookie });
    });
  }
});

describe("extension handshakes", () => {
  test("libtorrent", () => {
    const said = decodeExtensionHandshake(recorded("extension-handshake-libtorrent"));
    assert.match(said.clientName!, /^libtorrent\/2\.0/);
    assert.equal(said.port, null);
    assert.equal(said.yourIp, "10.73.0.8");
    assert.equal(said.uploadOnly, true);
    for (const name of ["ut_metadata", "ut_pex", "upload_only", "lt_donthave"])
      assert.ok(said.extensions.get(name)! > 0, name);
  });

  test("transmission", () => {
    const said = decodeExtensionHandshake(recorded("extension-handshake-transmission"));
    assert.deepEqual(
      { ...said, extensions: [...said.extensions] },
      {
        extensions: [
          ["ut_metadata", 3],
          ["ut_pex", 1],
        ],
        clientName: "Transmission 3.00",
        port: 6881,
        reqq: 512,
        metadataSize: 188,
        uploadOnly: true,
        yourIp: null,
        ipv4: null,
        ipv6: null,
      },
    );
  });
});

describe("answers of opentracker", () => {
  test("to an announce over HTTP", () => {
    const answer = parseAnnounceAnswer(recorded("http-tracker-answer-opentracker"));
    assert.ok(answer.ok);
    assert.equal(answer.complete, 1);
    assert.equal(answer.incomplete, 1);
    assert.deepEqual(
      [...answer.peers].sort((a, b) => a.port - b.port),
      PEERS,
    );
  });

  test("to one for a torrent that it does not serve", () => {
    const answer = parseAnnounceAnswer(recorded("http-tracker-failure-opentracker"));
    assert.deepEqual(answer, {
      ok: false,
      reason: "Requested download is not authorized for use with this tracker.",
      retryMinutes: null,
    });
  });

  test("to a scrape", () => {
    const counts = parseScrapeAnswer(recorded("http-tracker-scrape-opentracker"));
    assert.ok(counts instanceof Map);
    assert.deepEqual([...counts], [[INFO_HASH, { seeds: 1, leechers: 1, downloaded: 0 }]]);
    const answer = decodeUdpTrackerPacket(recorded("udp-tracker-answer-scrape-opentracker"), 4);
    assert.equal(answer.kind, "scrape");
  });

  test("over UDP", () => {
    assert.equal(
      decodeUdpTrackerPacket(recorded("udp-tracker-answer-connect-opentracker"), 4).kind,
      "connect",
    );
    const answer = decodeUdpTrackerPacket(recorded("udp-tracker-answer-announce-opentracker"), 4);
    assert.equal(answer.kind, "announce");
    assert.deepEqual(answer.kind === "announce" && [...answer.peers].sort((a, b) => a.port - b.port), PEERS);
  });
});

describe("packets of the DHT", () => {
  for (const name of Object.keys(RECORDED).filter((key) => key.startsWith("dht-query-"))) {
    test(name, () => {
      const packet = decodeKrpc(recorded(name));
      assert.equal(packet.kind, "query");
      const method = /^dht-query-(\w+)-/.exec(name)![1];
      assert.equal(packet.kind === "query" && packet.query.method, method);
    });
  }

  for (const name of Object.keys(RECORDED).filter((key) => key.startsWith("dht-answer-"))) {
    test(name, () => {
      const packet = decodeKrpc(recorded(name));
      assert.equal(packet.kind, "answer");
      if (packet.kind !== "answer") return;
      const { nodes, token, values, samples } = packet.answer;
      if (name.includes("get_peers")) assert.ok(token !== null && token.length > 0);
      // libtorrent had not met anybody yet.
      if (name.includes("find_node")) assert.equal(nodes.length, name.includes("libtorrent") ? 0 : 1);
      if (name.includes("values")) assert.deepEqual(values.at(0), { host: "10.73.0.2", port: 7000 });
      if (name.includes("sample_infohashes")) assert.ok(samples !== null && samples.intervalSeconds >= 0);
    });
  }

  test("the address that libtorrent sees us at, and what it does not know", () => {
    const packet = decodeKrpc(recorded("dht-error-libtorrent"));
    assert.ok(packet.kind === "error");
    assert.deepEqual(packet.ip, { host: "10.73.0.2", port: 6881 });
    assert.equal(packet.message, "unknown message");
  });
});

describe("peers that know further peers", () => {
  for (const program of ["libtorrent", "transmission"]) {
    test(program, () => {
      const { added, dropped } = decodePex(recorded(`pex-${program}`));
      assert.equal(added.length, 2);
      assert.deepEqual(
        added.map(({ host }) => host),
        ["10.73.0.7", "10.73.0.8"],
      );
      assert.deepEqual(dropped, []);
    });
  }
});
