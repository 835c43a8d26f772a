import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8, utf8Text } from "../../dist/base/bytes.js";
import { ProtocolError } from "../../dist/base/errors.js";
import { encodeSoapCall, parseDescription, parseSoapAnswer } from "../../dist/wire/igd.js";
import { decodeSearchAnswer, encodeSearch } from "../../dist/wire/ssdp.js";
import { parseXml } from "../../dist/wire/xml.js";

const IGD = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";

test("searches", () => {
  assert.equal(
    utf8Text(encodeSearch(4, IGD)),
    `M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: ${IGD}\r\n\r\n`,
  );
  assert.match(utf8Text(encodeSearch(6, IGD)), /\r\nHOST: \[ff02::c\]:1900\r\n/);
});

test("answers to a search", () => {
  const answer = `HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nst: ${IGD}\r\nUSN:uuid:1::${IGD}\r\nLocation:  http://192.168.1.1:5000/rootDesc.xml \r\nLOCATION: http://6.6.6.6/\r\n\r\nLOCATION: x`;
  assert.deepEqual(decodeSearchAnswer(utf8(answer)), {
    target: IGD,
    location: "http://192.168.1.1:5000/rootDesc.xml",
  });
  for (const bad of [
    "",
    "NOTIFY * HTTP/1.1\r\nLOCATION: http://192.168.1.1/\r\n\r\n",
    "HTTP/1.1 404 Not Found\r\nLOCATION: http://192.168.1.1/\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\nLOCATION: http://192.168.1.1/",
    `HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1/${"a".repeat(512)}\r\n\r\n`,
    `HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1/\r\n${"A: b\r\n".repeat(1000)}\r\n`,
  ]) {
    assert.throws(() => decodeSearchAnswer(utf8(bad)), ProtocolError, bad);
  }
});

test("descriptions: services at any depth, with their own spelling", () => {
  const text = `\ufeff<?xml version="1.0"?>
    <root xmlns="urn:schemas-upnp-org:device-1-0" configId="1"><!-- a > b --><URLBase>http://192.168.1.1:80</URLBase>
    <device><friendlyName><![CDATA[A & <B>]]></friendlyName><serviceList/>
      <deviceList><device><serviceList>
        <service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:2</serviceType><controlURL>/ctl?a=1&amp;b=2</controlURL></service>
        <service><serviceType>urn:someone-else:service:WANIPConnection:1</serviceType><controlURL>/x</controlURL></service>
        <service><serviceType>urn:schemas-upnp-org:service:WANPPPConnection:1</serviceType><controlURL></controlURL></service>
      </serviceList></device></deviceList></device></root>`;
  assert.deepEqual(parseDescription(utf8(text)), {
    base: "http://192.168.1.1:80",
    services: [
      {
        type: "urn:schemas-upnp-org:service:WANIPConnection:2",
        name: "WANIPConnection",
        version: 2,
        controlUrl: "/ctl?a=1&b=2",
      },
    ],
  });
  assert.throws(() => parseDescription(utf8("<html></html>")), ProtocolError);
  const many =
    "<service><serviceType>urn:schemas-upnp-org:service:A:1</serviceType><controlURL>/</controlURL></service>";
  assert.equal(parseDescription(utf8(`<root>${many.repeat(500)}</root>`)).services.length, 64);
});

test("calls and their answers", () => {
  const type = "urn:schemas-upnp-org:service:WANIPConnection:1";
  const call = utf8Text(
    encodeSoapCall(type, "AddPortMapping", [
      ["NewRemoteHost", ""],
      ["NewX", "a<b&c"],
      ["NewPort", 5],
    ]),
  );
  assert.ok(
    call.includes(
      `<u:AddPortMapping xmlns:u="${type}"><NewRemoteHost></NewRemoteHost><NewX>a&lt;b&amp;c</NewX><NewPort>5</NewPort></u:AddPortMapping>`,
    ),
  );
  // Our own calls can be read as well.
  assert.equal(parseXml(call).name, "Envelope");
  const envelope = (inside: string): Uint8Array =>
    utf8(`<?xml version="1.0"?><s:Envelope xmlns:s="x"><s:Body>${inside}</s:Body></s:Envelope>`);
  assert.deepEqual(
    parseSoapAnswer(
      envelope(
        "<u:GetExternalIPAddressResponse><NewExternalIPAddress> 1.2.3.4\n</NewExternalIPAddress></u:GetExternalIPAddressResponse>",
      ),
      "GetExternalIPAddress",
    ),
    { ok: true, values: new Map([["NewExternalIPAddress", "1.2.3.4"]]) },
  );
  assert.deepEqual(
    parseSoapAnswer(
      envelope(
        "<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail><UPnPError><errorCode>718</errorCode><errorDescription>ConflictInMappingEntry</errorDescription></UPnPError></detail></s:Fault>",
      ),
      "AddPortMapping",
    ),
    { ok: false, code: 718 },
  );
  assert.deepEqual(parseSoapAnswer(envelope("<s:Fault><faultstring>no</faultstring></s:Fault>"), "A"), {
    ok: false,
    code: 0,
  });
  for (const bad of [envelope(""), envelope("<u:BResponse/>"), utf8("<a/>"), utf8("")]) {
    assert.throws(() => parseSoapAnswer(bad, "A"), ProtocolError);
  }
});

test("XML: no entities of its own, no endless depth, nothing left open", () => {
  assert.equal(
    parseXml("<a>&lt;&#65;&#x42;&amp;lt; &unknownentity; &</a>").text,
    "<AB&lt; &unknownentity; &",
  );
  for (const bad of [
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "<a>&bb;</a>",
    "<a>",
    "<a><b></a></b>",
    "</a>",
    "<a><",
    "< a></a>",
    "<a b<c></a>",
    "<!-- <a></a>",
    "no element",
    "<a>".repeat(100) + "</a>".repeat(100),
    `<a>${"<b/>".repeat(6_000)}</a>`,
  ]) {
    assert.throws(() => parseXml(bad), ProtocolError, bad.slice(0, 50));
  }
  assert.equal(parseXml(`<a>${"x".repeat(100_000)}</a>`).text.length, 4_096);
});
