import assert from "node:assert/strict";
import { type FuzzTarget, mutateBencode, outcomeOf } from "@shoal/testkit/fuzz";
import { isBogon } from "../../dist/base/address.js";
import { PexIntake } from "../../dist/core/pex/pex-intake.js";
import { decodePex, encodePex } from "../../dist/wire/pex.js";
import { seedsOf } from "./seeds.ts";

const pex: FuzzTarget = {
  name: "pex",
  about: "peers that peers name",
  seeds: () => [
    encodePex({
      added: [
        { host: "192.0.2.1", port: 6881, flags: 2 },
        { host: "2001:db8::1", port: 1, flags: 16 },
      ],
      dropped: [{ host: "192.0.2.9", port: 9 }],
    }),
    encodePex({ added: [{ host: "127.0.0.1", port: 1, flags: 0 }], dropped: [] }),
    ...seedsOf("d5:added0:7:added.f3:abce"),
  ],
  dictionary: ["5:added6:", "7:added.f1:", "6:added618:", "8:added6.f1:", "7:dropped6:", "8:dropped618:"],
  mutations: [mutateBencode],
  run(input) {
    return outcomeOf(
      () => decodePex(input),
      (message) => {
        const { added, dropped } = message;
        assert.ok(added.length <= 400 && dropped.length <= 400);
        for (const { host, port } of [...added, ...dropped])
          assert.ok(port > 0 && port <= 65_535 && !isBogon(host));
        const taken = new PexIntake(0).take(message, "198.51.100.1", false, 0);
        assert.ok(taken.length <= 200);
        assert.deepEqual(
          decodePex(encodePex({ added, dropped: [] })).added.length,
          Math.min(added.length, 400),
        );
        return `${added.length > 0} ${dropped.length > 0} ${taken.length > 0}`;
      },
    );
  },
};

export const targets: readonly FuzzTarget[] = [pex];
