import assert from "node:assert/strict";
import { isIP } from "node:net";
import { type FuzzTarget, outcomeOf } from "@shoal/testkit/fuzz";
import { fromHex, latin1Text } from "../../dist/base/bytes.js";
import { decodeDnsAnswer, DNS_TYPE, encodeDnsQuestion } from "../../dist/wire/dns-message.js";

const ASKED = "07747261636b6572076578616d706c650000010001";
const RECORD = "000100010000003c0004c0000207";
const QUESTION = { id: 0x1234, name: "tracker.example", type: DNS_TYPE.A } as const;

const dns: FuzzTarget = {
  name: "dns",
  about: "answers of name servers, and the questions put to them",
  seeds: () => [
    fromHex(`123481800001000100000000${ASKED}c00c${RECORD}`),
    fromHex(`123481830001000000000000${ASKED}`),
    fromHex(`123483800001000200000000${ASKED}c00c000500010000003c000603777777c01403777777c014${RECORD}`),
    encodeDnsQuestion(QUESTION),
  ],
  run(input) {
    outcomeOf(
      () => encodeDnsQuestion({ ...QUESTION, name: latin1Text(input) }),
      (packet) => {
        assert.ok(packet.length <= 12 + 255 + 4);
        return "question";
      },
    );
    return outcomeOf(
      () => decodeDnsAnswer(input, QUESTION),
      ({ addresses, code }) => {
        for (const address of addresses) assert.equal(isIP(address), 4);
        return `${code} ${addresses.length > 0}`;
      },
    );
  },
};

export const targets: readonly FuzzTarget[] = [dns];
