export { ConfigError } from "./config-error.ts";
export { ConfigFile } from "./config-file.ts";
export { type SettingSource, type SettingState, Settings } from "./settings.ts";
