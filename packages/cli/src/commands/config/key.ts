import {
  isSettingKey,
  SETTING_KEYS,
  type SettingKey,
  SETTINGS,
  type SettingValue,
} from "@shoal/schema/settings";

import { CliError } from "../../errors.ts";
import { clean } from "../../ui/clean.ts";
import { formatDuration } from "../../ui/durations.ts";
import { formatRate, formatSize } from "../../ui/sizes.ts";
import { nearest } from "../guess.ts";

/** A setting by its name. Throws ERR_NOT_FOUND, naming the one that may be meant. */
export function settingKey(word: string): SettingKey {
  if (isSettingKey(word)) return word;
  const meant = nearest(word, SETTING_KEYS);
  throw new CliError(
    "ERR_NOT_FOUND",
    `There is no setting "${clean(word)}"`,
    meant === null ? "See all of them with: shoal config list" : `Is ${meant} meant?`,
  );
}

/** A value for people: "2 MB/s". */
export function shownSetting(key: SettingKey, value: SettingValue): string {
  if (typeof value !== "number") return settingText(value);
  switch (SETTINGS[key].kind) {
    case "size":
      return formatSize(value);
    case "rate":
      return formatRate(value);
    case "duration":
      return formatDuration(value);
    default:
      return String(value);
  }
}

/** A value as `config set` takes it. */
export function settingText(value: SettingValue): string {
  if (value === null) return "off";
  return clean(typeof value === "object" ? value.join(",") : String(value));
}
