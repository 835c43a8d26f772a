import assert from "node:assert/strict";
import { type FuzzTarget, outcomeOf } from "@shoal/testkit/fuzz";
import { decodeReputation, encodeReputation } from "../../dist/core/swarm/reputation-record.js";
import { Reputations } from "../../dist/core/swarm/reputation.js";

const NOW = 1_800_000_000_000;
const WEEK = 7 * 24 * 3_600_000;

function example(): Uint8Array {
  const peers = new Reputations();
  peers.onDeed("1.2.3.4", 1, "verified", 5_000_000, NOW);
  peers.onDeed("1.2.3.5", 1, "late", 3, NOW);
  peers.onDeed("2001:db8::1", 1, "abuse", 2, NOW);
  peers.ban("1.2.3.6", 1, "proof", "sent wrong data", NOW);
  peers.ban("1.2.3.7", 1, "abuse", "asked for too much", NOW);
  peers.forgive("1.2.3.7", NOW + 5);
  return encodeReputation(peers.lasting(NOW));
}

const reputation: FuzzTarget = {
  name: "reputation",
  about: "what is remembered of peers: read, taken in, written, read again; no opinion is out of range",
  seeds: () => [example(), encodeReputation([])],
  dictionary: ["1.2.3.4", "::1", "127.0.0.1", "2001:db8::"],
  run: (input) =>
    outcomeOf(
      () => decodeReputation(input),
      (standings) => {
        const peers = new Reputations();
        peers.merge(standings, NOW);
        assert.ok(peers.size <= 4_096);
        for (const at of [NOW, NOW - WEEK, NOW + WEEK]) {
          for (const { host, score, verified, ban } of peers.list(at)) {
            assert.ok(score >= -100 && score <= 100, `${host} has ${score}`);
            assert.ok(verified >= 0, `${verified} bytes`);
            assert.ok(ban === null || ban.until <= NOW + WEEK);
          }
        }
        const written = encodeReputation(peers.lasting(NOW));
        const again = new Reputations();
        again.merge(decodeReputation(written), NOW);
        assert.deepEqual(encodeReputation(again.lasting(NOW)), written);
        return `${Math.min(3, standings.length)} known, ${peers.list(NOW).some(({ ban }) => ban !== null)}`;
      },
    ),
};

export const targets: readonly FuzzTarget[] = [reputation];
