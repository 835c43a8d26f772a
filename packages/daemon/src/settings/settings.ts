import { join } from "node:path";
import {
  isSettingKey,
  parseSetting,
  readSetting,
  SETTING_KEYS,
  type SettingKey,
  SETTINGS,
  type Setting,
  settingVariable,
  type SettingValue,
  type SettingValues,
} from "@shoal/schema/settings";
import { ConfigError } from "./config-error.ts";
import { ConfigFile } from "./config-file.ts";

/** Where a value comes from; later ones win. */
export type SettingSource = "default" | "file" | "profile" | "environment" | "flag";

export interface SettingsPlace {
  /** Files in the order in which they win, the last one being the one that is edited. Absolute paths. */
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly home: string;
  /** What flags say. */
  readonly flags?: Partial<SettingValues>;
}

/** New values; undefined takes one out of the file. */
export type SettingChanges = { readonly [K in SettingKey]?: SettingValue | undefined };

export interface SettingState {
  readonly key: SettingKey;
  readonly value: SettingValue;
  readonly source: SettingSource;
}

/** Older names of variables, which go on working. */
const ALIASES: Partial<Record<SettingKey, string>> = {
  "downloads.dir": "SHOAL_DOWNLOAD_DIR",
  "network.proxy": "SHOAL_PROXY",
};

type Listener = (settings: Settings) => void;
type States = ReadonlyMap<SettingKey, SettingState>;

/** Everything that can be set, as it is in force: flags before the environment before files before defaults. */
export class Settings {
  readonly #place: SettingsPlace;
  readonly #files: readonly ConfigFile[];
  readonly #listeners: Set<{ readonly keys: readonly SettingKey[]; readonly listener: Listener }> = new Set();
  #states: States;
  #warnings: readonly string[];
  #turn: Promise<void> = Promise.resolve();

  private constructor(
    place: SettingsPlace,
    files: readonly ConfigFile[],
    read: { states: States; warnings: string[] },
  ) {
    this.#place = place;
    this.#files = files;
    this.#states = read.states;
    this.#warnings = read.warnings;
  }

  /** Throws ConfigError when a file can't be read or says something unusable. */
  static async open(place: SettingsPlace): Promise<Settings> {
    const files = place.files.map((path) => new ConfigFile(path));
    return new Settings(place, files, await readStates(place, files));
  }

  get<K extends SettingKey>(key: K): SettingValues[K] {
    return this.#states.get(key)!.value as SettingValues[K];
  }

  list(): readonly SettingState[] {
    return [...this.#states.values()];
  }

  /** The file that is edited; absolute. */
  get file(): string {
    return this.#files.at(-1)!.path;
  }

  /** What is in the files and means nothing to this version. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Calls back after one of the keys has changed its value. Returns how to end that. */
  on(keys: readonly SettingKey[], listener: Listener): () => void {
    const entry = { keys, listener };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /** Writes values into the user's file, or takes out what is undefined; they are in force when this is done. Throws ConfigError. */
  set(values: SettingChanges): Promise<void> {
    return this.#inTurn(async () => {
      await this.#files.at(-1)!.edit(values);
      await this.#reload();
    });
  }

  /** Takes up what has changed in the files. Throws ConfigError, and then nothing has changed. */
  reload(): Promise<void> {
    return this.#inTurn(() => this.#reload());
  }

  async #reload(): Promise<void> {
    const before = this.#states;
    const { states, warnings } = await readStates(this.#place, this.#files);
    this.#states = states;
    this.#warnings = warnings;
    const changed = new Set(
      SETTING_KEYS.filter((key) => !isSame(before.get(key)!.value, states.get(key)!.value)),
    );
    for (const { keys, listener } of this.#listeners) {
      if (keys.some((key) => changed.has(key))) listener(this);
    }
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(step);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

async function readStates(
  { env, home, flags = {} }: SettingsPlace,
  files: readonly ConfigFile[],
): Promise<{ states: States; warnings: string[] }> {
  const states = new Map<SettingKey, SettingState>();
  const warnings: string[] = [];
  const put = (key: SettingKey, value: SettingValue, source: SettingSource): void =>
    void states.set(key, { key, value: expand(SETTINGS[key], value, home), source });
  for (const key of SETTING_KEYS) put(key, SETTINGS[key].default, "default");
  for (const [at, file] of files.entries()) {
    for (const { key, value, line } of await file.read()) {
      const place = `${file.path}, line ${line}`;
      if (!isSettingKey(key)) warnings.push(`${place}: nothing is called ${JSON.stringify(key)}`);
      else
        put(
          key,
          usable(() => readSetting(SETTINGS[key], value), `${place}: ${key}`),
          at === 0 ? "file" : "profile",
        );
    }
  }
  for (const key of SETTING_KEYS) {
    for (const name of [ALIASES[key], settingVariable(key)]) {
      const text = name === undefined ? undefined : env[name];
      if (name === undefined || text === undefined || text === "") continue;
      if (SETTINGS[key].fileOnly)
        warnings.push(`${name} is not looked at: ${key} is set in the configuration file only`);
      else
        put(
          key,
          usable(() => parseSetting(SETTINGS[key], text), name),
          "environment",
        );
    }
  }
  for (const [key, value] of Object.entries(flags)) put(key as SettingKey, value, "flag");
  return { states, warnings };
}

function usable(read: () => SettingValue, place: string): SettingValue {
  try {
    return read();
  } catch (error) {
    throw new ConfigError(`${place}: ${(error as Error).message}`, error);
  }
}

function expand({ kind }: Setting, value: SettingValue, home: string): SettingValue {
  if (kind === "path" && typeof value === "string") return inHome(value, home);
  return kind === "paths" ? (value as readonly string[]).map((path) => inHome(path, home)) : value;
}

function inHome(path: string, home: string): string {
  return path === "~" || /^~[/\\]/.test(path) ? join(home, path.slice(1)) : path;
}

function isSame(a: SettingValue, b: SettingValue): boolean {
  return Array.isArray(a) && Array.isArray(b)
    ? a.length === b.length && a.every((item, at) => item === b[at])
    : a === b;
}
