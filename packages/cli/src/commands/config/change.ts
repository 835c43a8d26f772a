import type { Settings } from "@shoal/daemon/settings";
import { parseSetting, type SettingKey, SETTINGS, type SettingValue } from "@shoal/schema/settings";

import type { Context } from "../../context.ts";
import { daemonClient } from "../../daemon-client.ts";
import { CliError, usageError } from "../../errors.ts";
import { openSettings } from "../../settings.ts";
import type { Output } from "../../ui/output.ts";
import type { Invocation, NoOptions } from "../command.ts";
import { settingKey, settingText, shownSetting } from "./key.ts";

/** `shoal config set KEY VALUE`. */
export async function runConfigSet({ context, output, args }: Invocation<NoOptions>): Promise<number> {
  const [word, text] = args as readonly [string, string];
  const key = settingKey(word);
  const settings = await openSettings(context);
  const value = newValue(settings, key, text);
  await settings.set({ [key]: value });
  await tell(context, output, settings, key);
  return 0;
}

/** `shoal config unset KEY`. */
export async function runConfigUnset({ context, output, args }: Invocation<NoOptions>): Promise<number> {
  const key = settingKey(args[0]!);
  const settings = await openSettings(context);
  await settings.set({ [key]: undefined });
  await tell(context, output, settings, key);
  return 0;
}

/** Lets a running daemon follow the file. True when it does; false when none runs. Throws what it refuses. */
export async function reloadDaemon(context: Context): Promise<boolean> {
  try {
    await (await daemonClient(context)).post("/settings/reload");
    return true;
  } catch (error) {
    if (error instanceof CliError && error.code === "ERR_DAEMON") return false;
    throw error;
  }
}

function newValue(settings: Settings, key: SettingKey, text: string): SettingValue {
  const setting = SETTINGS[key];
  const now: SettingValue = settings.get(key);
  const items: readonly string[] = typeof now === "object" && now !== null ? now : [];
  const isList = setting.kind === "list" || setting.kind === "paths" || setting.kind === "schedule";
  const [, sign, item = ""] = /^([+-])(.+)$/.exec(text) ?? [];
  try {
    if (!isList || sign === undefined) return parseSetting(setting, text);
    const others = items.filter((other) => other !== item);
    return parseSetting(setting, JSON.stringify(sign === "+" ? [...others, item] : others));
  } catch (error) {
    throw usageError(`${key} can't be "${settingText(text)}"`, `${sentence((error as Error).message)}.`);
  }
}

async function tell(context: Context, output: Output, settings: Settings, key: SettingKey): Promise<void> {
  const { value, source } = settings.list().find((state) => state.key === key)!;
  const runs = await reloadDaemon(context);
  output.document({ key, value, source });
  output.note(`${key} is ${shownSetting(key, value)}.`);
  if (source === "environment")
    output.warn("A variable of the environment stands before the configuration file.");
  if (runs && !SETTINGS[key].live) output.note("That holds from the next start on: shoal daemon restart");
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
