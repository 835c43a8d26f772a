import { isIPv4, isIPv6 } from "node:net";

import { usageError } from "../errors.ts";
import { parseBinarySize } from "../ui/sizes.ts";
import { parseWait } from "../ui/durations.ts";
import type { ColorMode } from "../ui/style.ts";

/**
 * A flag of a command. `T` is what the command gets; the key under which a command declares it is the camelCase of the long flag.
 * `parse` is called once for each time the flag is given and throws a plain Error with the reason when the value is unusable.
 */
export interface OptionSpec<T> {
  /** As help shows it: "-o, --output <dir>". */
  readonly flags: string;
  readonly description: string;
  readonly hidden: boolean;
  /** null for a flag without a value: it counts how often it was given. */
  readonly parse: ((value: string) => unknown) | null;
  /** Makes the result of all values in the order given (empty when the flag is absent). */
  readonly collect: (values: readonly unknown[]) => T;
  /** Words a shell may offer as value. */
  readonly choices: readonly string[];
}

export type OptionSpecs = Readonly<Record<string, OptionSpec<unknown>>>;

/** A spec for each option that a command gets; the interface of a command's options says which there are. */
export type SpecsOf<Options> = { readonly [K in keyof Options]: OptionSpec<Options[K]> };

/** A switch. */
export function flag(flags: string, description: string): OptionSpec<boolean> {
  return {
    flags,
    description,
    hidden: false,
    parse: null,
    collect: (values) => values.length > 0,
    choices: [],
  };
}

/** A switch that may be given several times, such as -vv. */
function counter(flags: string, description: string): OptionSpec<number> {
  return { flags, description, hidden: false, parse: null, collect: (values) => values.length, choices: [] };
}

/** A value; the last one wins; null when absent. */
export function value<T>(
  flags: string,
  description: string,
  parse: (value: string) => T,
): OptionSpec<T | null> {
  return {
    flags,
    description,
    hidden: false,
    parse,
    collect: (values) => (values.length === 0 ? null : (values[values.length - 1] as T)),
    choices: [],
  };
}

/** A text; null when absent. */
export function text(flags: string, description: string): OptionSpec<string | null> {
  return value(flags, description, nonEmpty);
}

/** A value that may be given several times. */
export function list<T>(
  flags: string,
  description: string,
  parse: (value: string) => T,
): OptionSpec<readonly T[]> {
  return {
    flags,
    description,
    hidden: false,
    parse,
    collect: (values) => values as readonly T[],
    choices: [],
  };
}

/** One of a few words. */
export function choice<T extends string, F extends string | null = T>(
  flags: string,
  description: string,
  choices: readonly T[],
  fallback: F,
): OptionSpec<T | F> {
  return {
    flags,
    description,
    hidden: false,
    parse: (word) => {
      if (!(choices as readonly string[]).includes(word))
        throw new Error(`choose from ${choices.join(", ")}`);
      return word;
    },
    collect: (values) => (values[values.length - 1] as T | undefined) ?? fallback,
    choices,
  };
}

/** Not shown in help. */
function hidden<T>(spec: OptionSpec<T>): OptionSpec<T> {
  return { ...spec, hidden: true };
}

export function nonEmpty(word: string): string {
  if (word === "") throw new Error("it is empty");
  return word;
}

/** Flags that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly json: boolean;
  readonly jsonFields: readonly string[] | null;
  readonly quiet: boolean;
  readonly verbose: number;
  readonly yes: boolean;
  readonly noInput: boolean;
  /** Milliseconds. */
  readonly timeout: number | null;
  readonly color: ColorMode;
  readonly daemon: string | null;
  readonly tokenFile: string | null;
  readonly profile: string | null;
  readonly config: string | null;
  readonly noStart: boolean;
}

export const GLOBAL_OPTIONS: SpecsOf<GlobalOptions> = {
  json: flag("--json", "data as JSON on stdout (--json=a,b: only these fields)"),
  jsonFields: hidden(value("--json-fields <names>", "fields of --json", parseNames)),
  quiet: flag("-q, --quiet", "only errors, and the bare result on stdout"),
  verbose: counter("-v, --verbose", "say more on stderr (-vv: everything)"),
  yes: flag("-y, --yes", "answer yes to every question"),
  noInput: flag("--no-input", "never ask and never read keys"),
  timeout: value("--timeout <time>", "give up after this long, such as 30s or 5m (exit 124)", parseTimeout),
  color: choice<ColorMode>(
    "--color <when>",
    "colours: auto, always, never",
    ["auto", "always", "never"],
    "auto",
  ),
  daemon: text("--daemon <url>", "speak to the daemon there, such as http://127.0.0.1:8420 ($SHOAL_DAEMON)"),
  tokenFile: text("--token-file <file>", "the token that opens --daemon ($SHOAL_TOKEN_FILE)"),
  profile: text("--profile <name>", "another daemon of yours, with its own state ($SHOAL_PROFILE)"),
  config: text("--config <file>", "another file of settings ($SHOAL_CONFIG)"),
  noStart: flag("--no-start", "don't start the daemon when it does not run ($SHOAL_NO_START)"),
};

function parseNames(names: string): readonly string[] {
  return names.split(",").filter((name) => name !== "");
}

function parseTimeout(word: string): number {
  const milliseconds = parseWait(word);
  if (milliseconds === null) throw new Error("write it as 30s, 5m or 2h");
  return milliseconds;
}

/** A port or a range "A-B", as the ports to try in order; 0 lets the system choose. */
export function parsePorts(word: string): readonly number[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(word);
  if (match !== null) {
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last <= 65_535 && first <= last && (first > 0 || last === 0)) {
      return Array.from({ length: last - first + 1 }, (_, at) => first + at);
    }
  }
  throw new Error("write it as 41873, or as a range such as 41873-41972, up to 65535 (0: any free port)");
}

/** One port; 0 lets the system choose. */
export function parsePort(word: string): number {
  const port = /^\d{1,5}$/.test(word) ? Number(word) : 65_536;
  if (port > 65_535) throw new Error("write it as a number up to 65535 (0: any free port)");
  return port;
}

/** A power of two from 16 KiB to 16 MiB. */
export function parsePieceSize(word: string): number {
  const bytes = parseBinarySize(word);
  if (bytes === null) throw new Error("write it as 256K, 1M or in bytes");
  if (bytes < 16_384 || bytes > 16_777_216 || 2 ** Math.round(Math.log2(bytes)) !== bytes) {
    throw new Error("it must be a power of two from 16K to 16M");
  }
  return bytes;
}

/** An announce URL. */
export function parseTrackerUrl(word: string): string {
  return checkUrl(word, ["http:", "https:", "udp:"]);
}

export function parseWebUrl(word: string): string {
  return checkUrl(word, ["http:", "https:"]);
}

function checkUrl(word: string, schemes: readonly string[]): string {
  const known = schemes.map((scheme) => `${scheme}//`);
  if (!URL.canParse(word) || !schemes.includes(new URL(word).protocol) || new URL(word).hostname === "") {
    throw new Error(`write it as a full address that begins with ${known.join(" or ")}`);
  }
  return word;
}

/** An address of a peer. */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/** A last label of digits alone is no host name: what ends in one is meant as an IPv4 address. */
function looksLikeIPv4(host: string): boolean {
  return /(?:^|\.)\d+\.?$/.test(host);
}

/** "192.0.2.7:41873", "[2001:db8::7]:41873" or "host.example:41873". */
export function parsePeer(word: string): PeerAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(word);
  const port = Number(match?.[3] ?? 0);
  const host = match?.[1] ?? match?.[2];
  const wrongNumbers =
    match?.[1] === undefined ? looksLikeIPv4(host ?? "") && !isIPv4(host ?? "") : !isIPv6(match[1]);
  if (host === undefined || wrongNumbers || port < 1 || port > 65_535) {
    throw new Error("write it as host:port, such as 192.0.2.7:41873 or [2001:db8::7]:41873");
  }
  return { host, port };
}

/** As `parsePeer` reads it. */
export function formatPeer({ host, port }: PeerAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Which kind of torrent is to be made: at most one of the three flags. */
export function chooseKind(options: {
  readonly v1: boolean;
  readonly v2: boolean;
  readonly hybrid: boolean;
}): "v1" | "v2" | "hybrid" {
  if (Number(options.v1) + Number(options.v2) + Number(options.hybrid) > 1) {
    throw usageError("--v1, --v2 and --hybrid exclude each other", "Give one of them, or none for hybrid.");
  }
  return options.v1 ? "v1" : options.v2 ? "v2" : "hybrid";
}

export function parseLabel(word: string): string {
  if (word === "" || word.includes(",") || word.length > 100)
    throw new Error("a label is a word of at most 100 characters without a comma");
  return word;
}
