import { SETTINGS } from "@shoal/schema/settings";

import { openSettings } from "../../settings.ts";
import { clean } from "../../ui/clean.ts";
import { columnsOf, renderTable } from "../../ui/table.ts";
import type { Invocation, NoOptions } from "../command.ts";
import { settingKey, settingText, shownSetting } from "./key.ts";

/** `shoal config get KEY`. */
export async function runConfigGet({ context, output, args }: Invocation<NoOptions>): Promise<number> {
  const key = settingKey(args[0]!);
  const settings = await openSettings(context);
  const { value, source } = settings.list().find((state) => state.key === key)!;
  output.data(settingText(value));
  output.document({ key, value, source });
  return 0;
}

/** `shoal config list`. */
export async function runConfigList({ context, output }: Invocation<NoOptions>): Promise<number> {
  const settings = await openSettings(context);
  for (const warning of settings.warnings) output.warn(clean(warning));
  const states = settings.list();
  output.document({
    file: settings.file,
    settings: states.map((state) => ({
      ...state,
      default: SETTINGS[state.key].default,
      about: SETTINGS[state.key].about,
    })),
    warnings: settings.warnings,
  });
  const columns = columnsOf("SETTING", "VALUE", "FROM", "WHAT IT IS");
  const rows = states.map(({ key, value, source }) => [
    key,
    output.piped ? settingText(value) : shownSetting(key, value),
    source,
    SETTINGS[key].about,
  ]);
  for (const line of renderTable(columns, rows, output.piped)) output.data(line);
  return 0;
}

/** `shoal config path`. */
export async function runConfigPath({ context, output }: Invocation<NoOptions>): Promise<number> {
  const { profileOf } = await import("../../profile.ts");
  const file = (await profileOf(context, null)).configFiles.at(-1)!;
  output.data(clean(file));
  output.document({ file });
  return 0;
}
