export { parseDuration, parseRate, parseSize } from "./quantities.ts";
export { parseSetting, readSetting } from "./read-setting.ts";
export { isWithin, parseWeekSpan, type WeekSpan } from "./week-schedule.ts";
export type { Setting, SettingKind, SettingValue } from "./setting.ts";
export {
  isSettingKey,
  SETTING_KEYS,
  type SettingKey,
  SETTINGS,
  settingVariable,
  type SettingValues,
} from "./settings.ts";
