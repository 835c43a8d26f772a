import {
  choice,
  command,
  count,
  flag,
  list,
  optional,
  optionalPath,
  optionalText,
  path,
  paths,
  port,
  ports,
  schedule,
  type Setting,
  size,
  text,
} from "./setting.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;
const atStart = { live: false } as const;

/** Everything that can be set: in the configuration file, by `shoal config`, over the API, by flags. */
export const SETTINGS = {
  "downloads.dir": path("~/Downloads", "folder for downloads"),
  "downloads.incompleteDir": optionalPath("folder for downloads that are not complete yet"),
  "downloads.reserve": size(512_000_000, "free space on the disk that downloads leave alone"),
  "downloads.share": flag(true, "go on sharing what has been downloaded"),
  "downloads.start": flag(true, "start what is added at once"),
  "downloads.privateUrls": flag(
    false,
    "fetch .torrent files from private addresses and this computer, too, when programs ask for it",
  ),
  "downloads.onComplete": command("program to run, with its arguments, when a download is complete"),
  "sharing.ratio": optional("number", 2, "a download is shared until so many times its size were given"),
  "sharing.time": optional("duration", 24 * HOUR, "a download is shared for so long"),
  "sharing.idleTime": optional("duration", null, "a download is shared until nobody wanted it for so long"),
  "queue.downloads": optional("count", 5, "downloads at the same time"),
  "queue.seeds": optional("count", null, "shared at the same time"),
  "limits.down": optional(
    "rate",
    null,
    "bytes of files per second that are downloaded at most, in all; requests and the like come on top",
  ),
  "limits.up": optional("rate", null, "the same for uploads"),
  "limits.slow.down": optional("rate", 500_000, "the same in slow mode"),
  "limits.slow.up": optional("rate", 100_000, "the same in slow mode"),
  "limits.schedule": schedule("when slow mode is on by itself, such as Mon-Fri 09:00-17:00"),
  "network.port": ports("41873-41972", "port for peers, or a range of which the first free one is taken"),
  "network.host": optionalText(
    "address or network interface of this computer, and no other, to use",
    atStart,
  ),
  "network.proxy": optionalText("a server that everything goes through: socks5://HOST:PORT", atStart),
  "network.proxyListen": flag(
    false,
    "let others connect to this computer although there is a proxy",
    atStart,
  ),
  "network.ipFilter": paths("lists of addresses to have nothing to do with (P2P, DAT or CIDR)", atStart),
  "network.obfuscation": choice(
    ["prefer", "require", "off"],
    "prefer",
    "whether connections look like random bytes",
    atStart,
  ),
  "network.dht": flag(true, "look for people in the DHT, and be found there", atStart),
  "network.dhtBootstrap": list("nodes (HOST:PORT) to enter the DHT by instead of the public ones", atStart),
  "network.lsd": flag(true, "look for people in the local network, and be found there", atStart),
  "network.pex": flag(true, "exchange addresses of others with peers", atStart),
  "network.webSeeds": flag(true, "fetch from web servers that a torrent names", atStart),
  "network.portMapping": flag(true, "ask the router to open the port", atStart),
  "network.connections": count(500, "connections to peers at most"),
  "network.connectionsPerTorrent": count(200, "the same for each torrent"),
  "network.uploadSlots": optional(
    "count",
    null,
    "peers that are served at the same time, in all; off: 8, and more as long as each gets something",
    { min: 1 },
  ),
  "network.requestDepth": count(2000, "requests that wait at one peer at most", { max: 2000 }),
  "log.transfers": count(100_000, "rows of the transfer log that are kept: one for each piece and peer"),
  "log.events": count(10_000, "events that are kept"),
  "history.limit": count(1_000, "entries of the history that are kept"),
  "trash.keep": optional(
    "duration",
    5 * MINUTE,
    "a removal can be undone for so long; files that go with it are deleted then",
  ),
  "hub.address": optionalText("address of the hub that this node uses, such as https://HOST:8421"),
  "ui.host": text("127.0.0.1", "address of the web page and the API", atStart),
  "ui.port": port(8420, "port of the web page and the API", atStart),
  "ui.hosts": list("names besides localhost by which the web page may be called"),
  "ui.basePath": text("/", "path below which a proxy shows the web page, such as /shoal", atStart),
  "ui.trustedProxies": list(
    "addresses or networks of proxies whose X-Forwarded headers are believed",
    atStart,
  ),
  "metrics.enabled": flag(false, "numbers for Prometheus at /metrics, for who has a token"),
  "rpc.enabled": flag(true, "programs may drive the node as if it were Transmission, with a token", atStart),
  "rpc.port": optional(
    "port",
    null,
    "a port for Transmission's remote programs besides, such as 9091",
    atStart,
  ),
  "rpc.host": text("127.0.0.1", "address of that port", atStart),
  "log.level": choice(["debug", "info", "warn", "error"], "info", "how much the log of the daemon says"),
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingKey = keyof typeof SETTINGS;

/** A value for each setting: sizes in bytes, rates in bytes per second, durations in milliseconds, paths absolute. */
export type SettingValues = {
  readonly [K in SettingKey]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

export function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(SETTINGS, key);
}

/** The environment variable that sets it: "limits.slow.down" → SHOAL_LIMITS_SLOW_DOWN. */
export function settingVariable(key: SettingKey): string {
  return `SHOAL_${key.replace(/[A-Z]/g, "_$&").replaceAll(".", "_").toUpperCase()}`;
}
