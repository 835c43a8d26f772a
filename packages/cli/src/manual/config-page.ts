import { type Setting, SETTING_KEYS, SETTINGS, settingVariable } from "@shoal/schema/settings";

import { settingText } from "../commands/config/key.ts";
import { item, literal, paragraph, section, title } from "./roff.ts";

/** shoal-config.5, in roff. */
export function configPage(version: string): string {
  const lines = [
    ...title("shoal-config", 5, version),
    section("name"),
    "shoal\\-config \\- settings of shoal",
    section("description"),
    "The configuration file is JSON in which comments and trailing commas are welcome. A dot in the name of a setting is a level of braces:",
    ...literal(["{", "  // at most 2 MB per second", '  "limits": { "down": "2M" }', "}"]),
    ...paragraph(
      "shoal config set, get, list and edit change it in place and keep comments. A running daemon follows at once, where a setting is not marked.",
    ),
    ...paragraph(
      "Sizes are written as 500M, 1.5GB or in bytes, rates as 2M or in bytes per second, times as 30s, 5m, 24h or 7d. off turns off what can be turned off.",
    ),
    ...paragraph(
      "Flags stand before variables of the environment, these before the file of the profile (config-NAME.json), that before the common file.",
    ),
    section("settings"),
    ...SETTING_KEYS.flatMap((key) => item(key, ...settingLines(SETTINGS[key], settingVariable(key)))),
    section("see also"),
    "shoal(1)",
  ];
  return `${lines.join("\n")}\n`;
}

function settingLines(setting: Setting, variable: string): string[] {
  const { about, kind, live, fileOnly, choices, nullable } = setting;
  const values = choices === undefined ? kind : choices.join(", ");
  return [
    `${about.charAt(0).toUpperCase()}${about.slice(1)}.`,
    `${capital(values)}${nullable ? " or off" : ""}; default: ${settingText(setting.default) || "none"}.`,
    ...(live ? [] : ["Takes effect at the next start."]),
    fileOnly ? "Set in the configuration file only." : `Variable: ${variable}.`,
  ];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
