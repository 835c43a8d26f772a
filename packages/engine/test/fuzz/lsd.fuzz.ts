import assert from "node:assert/strict";
import { type FuzzTarget, outcomeOf } from "@shoal/testkit/fuzz";
import { decodeLsdAnnounce, encodeLsdAnnounce } from "../../dist/wire/lsd.js";
import { seedsOf } from "./seeds.ts";

const NAME = "0123456789abcdef0123456789abcdef01234567";

const lsd: FuzzTarget = {
  name: "lsd",
  about: "announces in the local network",
  seeds: () => [
    encodeLsdAnnounce({ port: 6881, names: [NAME], cookie: "c" }, 4),
    encodeLsdAnnounce({ port: 1, names: [NAME, "f".repeat(40)], cookie: null }, 6),
    ...seedsOf(`BT-SEARCH * HTTP/1.0\nINFOHASH: ${NAME.toUpperCase()}\nport:1\n`),
  ],
  dictionary: ["BT-SEARCH * HTTP/1.1\r\n", "Port: 1\r\n", `Infohash: ${NAME}\r\n`, "cookie:", "\r\n"],
  run(input) {
    return outcomeOf(
      () => decodeLsdAnnounce(input),
      ({ port, names, cookie }) => {
        assert.ok(Number.isInteger(port) && port > 0 && port <= 65_535);
        assert.ok(names.length > 0 && names.length <= 100 && new Set(names).size === names.length);
        for (const name of names) assert.match(name, /^[0-9a-f]{40}$/);
        assert.ok((cookie ?? "").length <= 64);
        return `${names.length > 1} ${cookie === null}`;
      },
    );
  },
};

export const targets: readonly FuzzTarget[] = [lsd];
