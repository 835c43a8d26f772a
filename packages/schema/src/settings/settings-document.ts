import { type Static, Type } from "typebox";
import { document } from "../common.ts";

const Value = Type.Union([
  Type.Boolean(),
  Type.Number(),
  Type.String({ maxLength: 8_192 }),
  Type.Array(Type.String({ maxLength: 8_192 }), { maxItems: 1_000 }),
  Type.Null(),
]);

/** One thing that can be set, and what is in force. */
export const SettingInfo = Type.Object(
  {
    /** "limits.slow.down". */
    key: Type.String(),
    /** Sizes in bytes, rates in bytes per second, durations in milliseconds; null is off. */
    value: Value,
    default: Value,
    /** "flag", "count", "size", "rate", "duration", … */
    kind: Type.String(),
    /** One sentence. */
    about: Type.String(),
    /** Where the value comes from. */
    source: Type.Enum(["default", "file", "profile", "environment", "flag"]),
    /** False: the next start follows a change. */
    live: Type.Boolean(),
    /** False: only who can write the configuration file may set it. */
    settable: Type.Boolean(),
    choices: Type.Optional(Type.Array(Type.String())),
  },
  { $id: "SettingInfo", additionalProperties: false },
);
export type SettingInfo = Static<typeof SettingInfo>;

export const SettingsDocument = document({
  /** The configuration file that is edited. */
  file: Type.String(),
  settings: Type.Array(SettingInfo),
  /** What is in the file and means nothing to this version. */
  warnings: Type.Array(Type.String()),
});
export type SettingsDocument = Static<typeof SettingsDocument>;

/** New values by key; those of `unset` go back to what holds without them. */
export const SettingsChange = Type.Object(
  {
    values: Type.Optional(Type.Record(Type.String({ maxLength: 100 }), Value)),
    unset: Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: 200 })),
  },
  { $id: "SettingsChange", additionalProperties: false },
);
export type SettingsChange = Static<typeof SettingsChange>;
