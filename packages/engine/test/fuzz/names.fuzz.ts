import assert from "node:assert/strict";
import { type FuzzTarget, outcomeOf } from "@shoal/testkit/fuzz";
import {
  canonicalIp,
  decodeCompactPeers,
  encodeCompactPeer,
  formatEndpoint,
  isBogon,
  isPrivate,
  parseEndpoint,
} from "../../dist/base/address.js";
import { utf8, utf8Text } from "../../dist/base/bytes.js";
import { decodeName, displayName } from "../../dist/meta/display-name.js";
import { formatMagnet, parseInfoHash, parseMagnet } from "../../dist/meta/magnet.js";
import { literalPaths, safePaths } from "../../dist/meta/path-policy.js";
import { isTrackerUrl, readTrackers, readWebSeeds } from "../../dist/meta/torrent-urls.js";
import { decodeBencode, encodeBencode } from "../../dist/wire/bencode.js";
import { checkSafePaths } from "./safe-path-rules.ts";
import { entry, seedsOf } from "./seeds.ts";

/** Deeper paths are refused before the policy sees them. */
const MAX_DEPTH = 100;
const HEX = "0123456789abcdef0123456789abcdef01234567";

const magnet: FuzzTarget = {
  name: "magnet",
  about: "magnet links and bare info-hashes: read, written, read again",
  seeds: () =>
    seedsOf(
      `magnet:?xt=urn:btih:${HEX}&dn=a+b&tr=udp%3A%2F%2Fa%3A1&ws=http://a/&x.pe=1.2.3.4:5&xl=12&so=0,2,4-7`,
      `magnet:?xt.1=urn:btih:ABCDEFGHIJKLMNOPQRSTUVWXYZ234567&xt.2=urn:btmh:1220${HEX}${HEX.slice(0, 24)}&x.pe=[::1]:5`,
      `MAGNET://?amp;XT=urn:btih:${HEX}&so=1&so=2-3&tr.1=http://a&tr.2=wss://b&%=%`,
      HEX,
      `1220${HEX}${HEX.slice(0, 24)}`,
    ),
  dictionary: [
    "&xt=urn:btih:",
    "&xt=urn:btmh:1220",
    "&dn=",
    "&tr=http://",
    "&ws=https://",
    "&x.pe=",
    "&xl=",
    "&so=1",
    "&so=",
    ",",
    "-",
    "%",
    "%ff",
    "amp;",
    HEX,
  ],
  maxBytes: 262_144,
  run(input) {
    const text = utf8Text(input);
    const bare = parseInfoHash(text);
    if (bare !== null) return "hash";
    return outcomeOf(
      () => parseMagnet(text),
      (link) => {
        const again = parseMagnet(formatMagnet(link));
        assert.deepEqual(again, link);
        assert.equal(formatMagnet(again), formatMagnet(link));
        return `link ${link.selectOnly === null ? "" : "selects"} ${link.peers.length > 0 ? "peers" : ""}`;
      },
    );
  },
};

const address: FuzzTarget = {
  name: "address",
  about: "addresses with ports, address literals, compact peer lists",
  seeds: () =>
    seedsOf(
      "1.2.3.4:5",
      "[::1]:5",
      "host.example:65535",
      "::ffff:1.2.3.4",
      "2001:db8::1:0:0:1",
      "fe80::1",
      "\x01\x02\x03\x04\x00\x05",
    ),
  dictionary: [
    ":",
    "::",
    "[",
    "]",
    ".",
    "0.0.0.0",
    "255.255.255.255",
    "ffff",
    "1.2.3.4",
    "localhost",
    "0x7f",
    "%eth0",
  ],
  maxBytes: 16_384,
  run(input) {
    const text = utf8Text(input);
    const ip = canonicalIp(text);
    if (ip !== null) assert.equal(canonicalIp(ip), ip);
    const endpoint = outcomeOf(
      () => parseEndpoint(text),
      (parsed) => {
        assert.deepEqual(parseEndpoint(formatEndpoint(parsed)), parsed);
        return "endpoint";
      },
    );
    let kept = 0;
    for (const size of [4, 16] as const) {
      const usable = input.subarray(0, input.length - (input.length % (size + 2)));
      for (const peer of decodeCompactPeers(usable, size, 1_000)) {
        assert.ok(peer.port > 0 && !isBogon(peer.host));
        if (++kept > 50) break;
        isPrivate(peer.host);
        const compact = encodeCompactPeer(peer)!;
        assert.deepEqual(decodeCompactPeers(compact, compact.length === 6 ? 4 : 16, 1), [peer]);
      }
    }
    return `${endpoint} ${ip === null ? "" : "ip"} ${kept > 0 ? "peers" : ""}`;
  },
};

/** Lines are files, "/" parts them; the first is the torrent's name. */
const paths: FuzzTarget = {
  name: "path-policy",
  about: "names from torrents as paths on disk: nothing leaves the folder, no two files are one",
  seeds: () =>
    seedsOf(
      "name\na\nb/c\nB/d\nb",
      "n\nCON.txt\ncom1\nnul\na.\na \nx:y\n..\n.\n\n../..",
      "n\né\ne\u0301\nſ\nS\ns\nß\nSS\nİ\ni\u0307\n\u202eabc\n\ud800",
      `n\n${"a".repeat(300)}.tar.gz\n${"a".repeat(301)}.tar.gz\n${"é".repeat(200)}\n${"é".repeat(200)}`,
      "n\na\na\na\na.1\na.1\na.2/x",
    ),
  dictionary: [
    "\n",
    "/",
    "\\",
    "..",
    "con",
    "nul.",
    ".1",
    "\u0301",
    "\u202e",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "é",
    "🐟",
    "\0",
    " .",
    ":",
  ],
  // Each byte can be a file here; in a torrent it takes twenty.
  maxBytes: 4_096,
  limitMs: 1_000,
  run(input) {
    const { text, valid } = decodeName(input);
    const [name = "", ...lines] = text.split("\n");
    const files = lines.map((line) => entry(line.split("/").slice(0, MAX_DEPTH), 1));
    const safe = safePaths(name, true, files);
    checkSafePaths(safe.paths, files);
    const again = safePaths(
      name,
      true,
      safe.paths.map((path) => entry(path.split("/").slice(1), 1)),
    );
    assert.deepEqual(again.paths, safe.paths, "safe paths are safe already");
    for (const path of literalPaths(name, true, files))
      assert.ok(path.split("/").every((part) => !["", ".", ".."].includes(part)));
    assert.equal(displayName(displayName(name)), displayName(name));
    return `${valid} ${safe.changed.length > 0 ? "changed" : "kept"}`;
  },
};

const urls: FuzzTarget = {
  name: "torrent-urls",
  about: "trackers and web seeds of a torrent",
  seeds: () =>
    seedsOf(
      "http://a/announce",
      "udp://tracker:80",
      "wss://x",
      " http://a b/ü ",
      "http://a/\u0000",
      "HTTPS://[::1]:2/?x=%20",
    ),
  dictionary: ["http://", "udp://", "https://", "wss://", "\n", "%", "%ff", "[::1]", " ", "ü", "\ud800"],
  // Each byte can be a URL of two lists here.
  maxBytes: 16_384,
  run(input) {
    const list = utf8Text(input)
      .split("\n")
      .map((line) => [utf8(line)]);
    const root = decodeBencode(
      encodeBencode({ "announce-list": list, announce: input, "url-list": list.flat() }),
    );
    const tiers = readTrackers(root);
    const seeds = readWebSeeds(root);
    for (const url of [...tiers.flat(), ...seeds]) assert.match(url, /^[\u0021-\u007e]+$/);
    assert.ok(tiers.flat().every((url) => isTrackerUrl(url) || url.length > 8_192));
    return `${tiers.length > 0} ${seeds.length > 0}`;
  },
};

export const targets: readonly FuzzTarget[] = [address, magnet, paths, urls];
