import assert from "node:assert/strict";
import { endianness } from "node:os";
import { test } from "node:test";
import {
  parseBsdRoutes,
  parseLinuxRoutes,
  parseLinuxRoutes6,
  parseWindowsRoutes,
} from "../../dist/node/default-gateways.js";

test("/proc/net/route: default routes that lead through a gateway", { skip: endianness() !== "LE" }, () => {
  const table = [
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
    "eth0\t00000000\t014DA8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0",
    "tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0",
    "eth0\t004DA8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0",
    "eth1\t00000000\t0101000A\t0002\t0\t0\t5\t00000000\t0\t0\t0",
    "eth2\t00000000\tnonsense\t0003\t0\t0\t5\t00000000\t0\t0\t0",
    "",
  ].join("\n");
  assert.deepEqual(parseLinuxRoutes(table), [
    { gateway: "192.168.77.1", device: "eth0", local: null, metric: 100 },
  ]);
  assert.deepEqual(parseLinuxRoutes(""), []);
});

test("/proc/net/ipv6_route", () => {
  const zero = "0".repeat(32);
  const table = [
    `2a010077000100000000000000000000 40 ${zero} 00 ${zero} 00000100 00000001 00000000 00000001     eth0`,
    `${zero} 00 ${zero} 00 2a010077000100000000000000000001 00000400 00000001 00000000 00000003     eth0`,
    `${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 00200200       lo`,
  ].join("\n");
  assert.deepEqual(parseLinuxRoutes6(table), [
    { gateway: "2a01:77:1::1", device: "eth0", local: null, metric: 0x400 },
  ]);
});

test("netstat of macOS and the BSDs", () => {
  const text = `Routing tables

Internet:
Destination        Gateway            Flags           Netif Expire
default            192.168.1.1        UGScg             en0
default            link#15            UCSIg         bridge0      !
127                127.0.0.1          UCS               lo0
Internet6:
default                                 fe80::1%en0                             UGcg                  en0
`;
  assert.deepEqual(parseBsdRoutes(text), [
    { gateway: "192.168.1.1", device: "en0", local: null, metric: 0 },
    { gateway: "fe80::1", device: "en0", local: null, metric: 1 },
  ]);
});

test("route print of Windows", () => {
  const text = `IPv4-Routentabelle\r
Aktive Routen:\r
     Netzwerkziel    Netzwerkmaske          Gateway    Schnittstelle Metrik\r
          0.0.0.0          0.0.0.0      192.168.1.1     192.168.1.23     25\r
          0.0.0.0          0.0.0.0   Auf Verbindung     192.168.2.23     35\r
`;
  assert.deepEqual(parseWindowsRoutes(text), [
    { gateway: "192.168.1.1", device: null, local: "192.168.1.23", metric: 25 },
  ]);
});
