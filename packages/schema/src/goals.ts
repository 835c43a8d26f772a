import { type Static, Type } from "typebox";
import { WholeNumber } from "./common.ts";

const Never = Type.Null();

/**
 * When sharing is enough. What is absent is decided by the next one up: a transfer's goals stand before those of its labels, and these before the
 * settings; null means never.
 */
export const Goals = Type.Object(
  {
    /** Given per fetched byte. */
    ratio: Type.Optional(Type.Union([Type.Number({ minimum: 0, maximum: 1_000_000 }), Never])),
    /** Time in which it was really shared, milliseconds. */
    timeMs: Type.Optional(Type.Union([WholeNumber, Never])),
    /** Time in which nobody wanted anything of it, milliseconds. */
    idleMs: Type.Optional(Type.Union([WholeNumber, Never])),
  },
  { additionalProperties: false },
);
export type Goals = Static<typeof Goals>;

export const GoalName = Type.Enum(["ratio", "time", "idle"]);
export type GoalName = Static<typeof GoalName>;
