import { ErrorBody, SCHEMA_VERSION, SettingsChange, SettingsDocument } from "@shoal/schema";
import {
  isSettingKey,
  readSetting,
  type Setting,
  type SettingKey,
  SETTINGS,
  type SettingValue,
} from "@shoal/schema/settings";
import { ApiError, type HttpServer } from "@shoal/server";
import type { SettingChanges, Settings } from "../settings/settings.ts";

/** What can be set: reading it, and changing the user's configuration file. */
export function settingRoutes(app: HttpServer, settings: Settings): void {
  const response = { 200: SettingsDocument, default: ErrorBody };
  app.get(
    "/settings",
    {
      config: { scope: "read" },
      schema: { summary: "All settings, and where each value comes from", tags: ["settings"], response },
    },
    async () => documentOf(settings),
  );
  app.patch(
    "/settings",
    {
      config: { scope: "admin" },
      schema: {
        summary: "Changes settings in the user's configuration file",
        tags: ["settings"],
        body: SettingsChange,
        response,
      },
    },
    async ({ body }) => {
      await settings.set(changes(body));
      return documentOf(settings);
    },
  );
  app.post(
    "/settings/reload",
    {
      config: { scope: "admin" },
      schema: { summary: "Reads the configuration file again", tags: ["settings"], response },
    },
    async () => {
      await settings.reload();
      return documentOf(settings);
    },
  );
}

/** Throws ApiError ERR_VALIDATION for what can't be set, and ERR_FORBIDDEN for what can't be set from here. */
function changes({ values = {}, unset = [] }: SettingsChange): SettingChanges {
  const read: { [K in SettingKey]?: SettingValue | undefined } = {};
  for (const [key, value] of Object.entries(values)) {
    const known = settable(key);
    try {
      read[known] = readSetting(SETTINGS[known], value);
    } catch (error) {
      throw new ApiError(400, "ERR_VALIDATION", `${key}: ${(error as Error).message}`);
    }
  }
  for (const key of unset) read[settable(key)] = undefined;
  return read;
}

function settable(key: string): SettingKey {
  if (!isSettingKey(key))
    throw new ApiError(400, "ERR_VALIDATION", `There is no setting ${JSON.stringify(key)}`);
  if (!SETTINGS[key].fileOnly) return key;
  const why = `${key} names a program to run: it can only be set in the configuration file`;
  throw new ApiError(403, "ERR_FORBIDDEN", why, `On this computer: shoal config set ${key} …`);
}

function documentOf(settings: Settings): SettingsDocument {
  return {
    schema: SCHEMA_VERSION,
    file: settings.file,
    settings: settings.list().map(({ key, value, source }) => {
      const { kind, about, live, fileOnly, choices, default: fallback } = SETTINGS[key] as Setting;
      return {
        key,
        value: plain(value),
        default: plain(fallback),
        kind,
        about,
        source,
        live,
        settable: !fileOnly,
        ...(choices === undefined ? {} : { choices: [...choices] }),
      };
    }),
    warnings: [...settings.warnings],
  };
}

function plain(value: SettingValue): SettingsDocument["settings"][number]["value"] {
  return typeof value === "object" && value !== null ? [...value] : value;
}
