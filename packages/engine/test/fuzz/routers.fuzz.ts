import assert from "node:assert/strict";
import { type FuzzTarget, outcomeOf } from "@shoal/testkit/fuzz";
import { canonicalIp } from "../../dist/base/address.js";
import { concatBytes } from "../../dist/base/bytes.js";
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
      ({ target, name, location }) => {
        assert.ok(location.length > 0 && location.length <= 512);
        return `answer ${target !== ""} ${name !== ""}`;
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

export const targets: readonly FuzzTarget[] = [gateway, ssdp, igd];
