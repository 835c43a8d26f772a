import assert from "node:assert/strict";
import { type FuzzTarget, outcomeOf } from "@shoal/testkit/fuzz";
import { canonicalIp } from "../../dist/base/address.js";
import { concatBytes } from "../../dist/base/bytes.js";
import { Xoshiro128 } from "../../dist/base/rng.js";
import type { RouterRequest } from "../../dist/core/port-mapping/igd-device.js";
import { RouteMapping } from "../../dist/core/port-mapping/route-mapping.js";
import { encodeSoapCall, parseDescription, parseSoapAnswer } from "../../dist/wire/igd.js";
import { decodeNatPmp, encodeNatPmpMap } from "../../dist/wire/nat-pmp.js";
import { decodePcp, encodePcpMap } from "../../dist/wire/pcp.js";
import { decodeSearchAnswer, encodeSearch } from "../../dist/wire/ssdp.js";
import { seedsOf } from "./seeds.ts";

const PCP_REQUEST = encodePcpMap({
  client: "192.168.1.5",
  nonce: new Uint8Array(12).fill(7),
  protocol: "tcp",
  internalPort: 41873,
  suggestedPort: 41873,
  suggestedHost: "1.2.3.4",
  lifetimeSeconds: 3600,
});
const PCP_ANSWER = PCP_REQUEST.slice();
PCP_ANSWER[1] = 0x81;

const gateway: FuzzTarget = {
  name: "gateway-packets",
  about: "answers of routers over NAT-PMP and PCP",
  seeds: () => [
    PCP_REQUEST,
    PCP_ANSWER,
    encodeNatPmpMap("tcp", 1, 2, 3),
    concatBytes(Uint8Array.of(0, 0x82, 0, 0, 0, 0, 0, 9, 1, 1, 1, 2, 0, 0, 14, 16)),
    Uint8Array.of(0, 0x80, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4),
    Uint8Array.of(0, 0x81, 0, 2, 0, 0, 0, 9),
  ],
  run(input) {
    return [decodeNatPmp, decodePcp]
      .map((decode) =>
        outcomeOf(
          () => decode(input),
          (packet) => {
            if (packet.kind === "mapped")
              assert.ok(packet.externalPort <= 65_535 && packet.lifetimeSeconds >= 0);
            if (packet.kind === "address") assert.equal(canonicalIp(packet.host), packet.host);
            return packet.kind;
          },
        ),
      )
      .join("/");
  },
};

const ssdp: FuzzTarget = {
  name: "ssdp",
  about: "answers to searches for routers",
  seeds: () => [
    encodeSearch(4, "upnp:rootdevice"),
    ...seedsOf(
      "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: upnp:rootdevice\r\nUSN: uuid:1\r\nEXT:\r\nLOCATION: http://192.168.1.1:5000/rootDesc.xml\r\n\r\n",
      "NOTIFY * HTTP/1.1\r\nNTS: ssdp:alive\r\nLOCATION: http://[fe80::1]/d\r\n\r\n",
    ),
  ],
  dictionary: ["LOCATION:", "\r\n", "HTTP/1.1 200", "http://", "ST:", "USN:"],
  run(input) {
    return outcomeOf(
      () => decodeSearchAnswer(input),
      ({ target, location }) => {
        assert.ok(location.length > 0 && location.length <= 512);
        return `answer ${target !== ""}`;
      },
    );
  },
};

const igd: FuzzTarget = {
  name: "igd",
  about: "descriptions of routers and their answers to calls",
  seeds: () => [
    encodeSoapCall("urn:schemas-upnp-org:service:WANIPConnection:1", "A", [["B", "c&d"]]),
    ...seedsOf(
      '<?xml version="1.0"?><root xmlns="x"><URLBase>http://a/</URLBase><device><serviceList><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/c</controlURL></service></serviceList></device></root>',
      "<s:Envelope><s:Body><u:AResponse><B>1</B></u:AResponse></s:Body></s:Envelope>",
      "<s:Envelope><s:Body><s:Fault><detail><UPnPError><errorCode>718</errorCode></UPnPError></detail></s:Fault></s:Body></s:Envelope>",
      '<!DOCTYPE a [<!ENTITY b "c">]><a><!-- x --><![CDATA[ y ]]>&#65;&lt;</a>',
    ),
  ],
  dictionary: [
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "&amp;",
    "&#x41;",
    "</s:Body>",
    "<service>",
    "/>",
    "<?",
    "?>",
  ],
  run(input) {
    const description = outcomeOf(
      () => parseDescription(input),
      ({ services, base }) => {
        assert.ok(services.length <= 64 && base.length <= 512);
        for (const { controlUrl } of services) assert.ok(controlUrl.length > 0 && controlUrl.length <= 512);
        return `services ${services.length > 0}`;
      },
    );
    const answer = outcomeOf(
      () => parseSoapAnswer(input, "A"),
      (soap) => (soap.ok ? `values ${soap.values.size > 0}` : `fault ${soap.code > 0}`),
    );
    return `${description}/${answer}`;
  },
};

const ROUTE = { family: 4, gateway: "192.168.1.1", local: "192.168.1.5" } as const;

/** A router that answers what it likes, when it likes. */
const router: FuzzTarget = {
  name: "router",
  about: "what asks routers for ports, with one that answers anything at any time",
  // A few bytes let hours pass, in which there is much to do.
  maxBytes: 1_024,
  usesCoverage: false,
  seeds: () => {
    const description =
      "<root><serviceList><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:2</serviceType><controlURL>/c</controlURL></service></serviceList></root>";
    const answer = (action: string, inside: string): string =>
      `<Envelope><Body><${action}Response>${inside}</${action}Response></Body></Envelope>`;
    const search =
      "HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: http://192.168.1.1:5000/d\r\n\r\n";
    const steps = [
      ...seedsOf(search, description),
      ...seedsOf(answer("GetExternalIPAddress", "<NewExternalIPAddress>80.1.2.3</NewExternalIPAddress>")),
      ...seedsOf(answer("AddPortMapping", ""), answer("AddPortMapping", "")),
    ];
    const step = (kind: number, bytes: Uint8Array): Uint8Array =>
      concatBytes(Uint8Array.of(kind, bytes.length >>> 8, bytes.length & 0xff), bytes);
    return [
      concatBytes(step(0, PCP_ANSWER), step(0, PCP_ANSWER), step(7, new Uint8Array(0))),
      concatBytes(
        step(1, steps[0]!),
        step(4, new Uint8Array(0)),
        ...steps.slice(1).map((bytes) => step(2, bytes)),
      ),
    ];
  },
  run(input) {
    let now = 0;
    let underWay: RouterRequest | null = null;
    let requests = 0;
    const mapping = new RouteMapping(
      {
        sendToGateway: (packet) =>
          assert.ok(packet.length === 2 || packet.length === 12 || packet.length === 60),
        search: () => undefined,
        request: (request) => {
          assert.equal(new URL(request.url).hostname, ROUTE.gateway, "nobody but the router is asked");
          requests++;
          underWay = request;
        },
        onChange: () => undefined,
      },
      {
        route: ROUTE,
        port: 41873,
        nonces: { tcp: new Uint8Array(12).fill(7), udp: new Uint8Array(12).fill(8) },
        rng: new Xoshiro128(1),
      },
    );
    const pass = (ms: number): void => {
      const end = now + ms;
      for (let wakings = 0; mapping.nextDeadline() <= end; wakings++) {
        assert.ok(wakings < 1_000, "it wakes up again and again");
        now = Math.max(now, mapping.nextDeadline());
        mapping.onTime(now);
      }
      now = end;
    };
    mapping.start(now);
    for (let at = 0; at + 3 <= input.length;) {
      const kind = input[at]! & 7;
      const end = Math.min(input.length, at + 3 + ((input[at + 1]! << 8) | input[at + 2]!));
      const bytes = input.subarray(at + 3, end);
      at = end;
      if (kind === 0) mapping.onGatewayPacket(bytes, now);
      else if (kind === 1) mapping.onSearchAnswer(bytes, ROUTE.gateway, now);
      else if (kind <= 3) {
        const request: RouterRequest | null = underWay;
        const token = (request as RouterRequest | null)?.token ?? 0;
        underWay = null;
        mapping.onAnswer(token, kind === 2 ? { status: 200, body: bytes } : null, now);
      } else pass([1_000, 10_000, 600_000, 2_000_000][kind - 4]!);
      for (const opening of [mapping.state.tcp, mapping.state.udp]) {
        if (opening === null) continue;
        assert.ok(opening.externalPort > 0 && opening.externalPort <= 65_535);
        assert.ok(opening.until > now && opening.until <= now + 86_400_000);
      }
    }
    const { tcp, failure } = mapping.state;
    mapping.close(now);
    mapping.onAnswer((underWay as RouterRequest | null)?.token ?? 0, null, now);
    pass(10_000);
    return `${tcp?.via ?? failure} ${requests > 0}`;
  },
};

export const targets: readonly FuzzTarget[] = [gateway, ssdp, igd, router];
