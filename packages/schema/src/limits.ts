import { type Static, Type } from "typebox";
import { document, Time } from "./common.ts";

/** Bytes of payload per second; null for no limit. */
const Rate = Type.Union([Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), Type.Null()]);
const Count = Type.Union([Type.Integer({ minimum: 1, maximum: 1_000_000 }), Type.Null()]);

/** What one transfer may use; where it is null only the limits of the node hold. */
export const TransferLimits = Type.Object(
  {
    down: Rate,
    up: Rate,
    /** The limits of the node hold for it, too. */
    honorsSessionLimits: Type.Boolean(),
    /** Peers that it may be connected with. */
    maxConnections: Count,
    /** Peers that it may serve at the same time. */
    uploadSlots: Count,
  },
  { $id: "TransferLimits", additionalProperties: false },
);
export type TransferLimits = Static<typeof TransferLimits>;

/** Those that are absent stay as they are. */
export const TransferLimitChanges = Type.Partial(TransferLimits, {
  $id: "TransferLimitChanges",
  additionalProperties: false,
});
export type TransferLimitChanges = Static<typeof TransferLimitChanges>;

/** The speed limits of the node: what holds now, and why. */
export const Limits = document({
  /** What holds now. */
  down: Rate,
  up: Rate,
  /** What holds outside slow mode. */
  normal: Type.Object({ down: Rate, up: Rate }, { additionalProperties: false }),
  slow: Type.Object(
    {
      on: Type.Boolean(),
      /** Who says so: a person, or the schedule; null when nobody has said anything. */
      by: Type.Union([Type.Literal("hand"), Type.Literal("schedule"), Type.Null()]),
      /** When the schedule changes it next; null when it does not. */
      until: Type.Union([Time, Type.Null()]),
      down: Rate,
      up: Rate,
    },
    { additionalProperties: false },
  ),
  /** When slow mode is on by itself, such as "Mon-Fri 09:00-17:00", in local time. */
  schedule: Type.Array(Type.String()),
});
export type Limits = Static<typeof Limits>;

/** New limits of the node; what is absent stays as it is. They are written into the configuration file. */
export const LimitChanges = Type.Object(
  {
    down: Type.Optional(Rate),
    up: Type.Optional(Rate),
    slow: Type.Optional(
      Type.Object({ down: Type.Optional(Rate), up: Type.Optional(Rate) }, { additionalProperties: false }),
    ),
    schedule: Type.Optional(Type.Array(Type.String({ maxLength: 200 }), { maxItems: 100 })),
  },
  { $id: "LimitChanges", additionalProperties: false },
);
export type LimitChanges = Static<typeof LimitChanges>;

/** Slow mode on or off; without `on` the other way round. It holds until the schedule says something new. */
export const SlowMode = Type.Object(
  { on: Type.Optional(Type.Boolean()) },
  { $id: "SlowMode", additionalProperties: false },
);
export type SlowMode = Static<typeof SlowMode>;
