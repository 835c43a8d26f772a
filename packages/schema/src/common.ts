import { type Static, type TProperties, Type } from "typebox";

/** Of every document that is not an error. */
export const SCHEMA_VERSION = 1 as const;

/** Milliseconds, bytes, bytes a second, counts. */
export const WholeNumber = Type.Integer({ minimum: 0 });

/** RFC 3339 in UTC, such as "2026-01-31T12:00:00.000Z". */
export const Time = Type.String({ format: "date-time" });

/** A document of the API: its fields besides `schema`. */
export function document<P extends TProperties>(properties: P) {
  return Type.Object(
    { schema: Type.Literal(SCHEMA_VERSION), ...properties },
    { additionalProperties: false },
  );
}

/** What went wrong: for programs, for people, and what to do about it. */
export const ErrorBody = Type.Object(
  {
    error: Type.Object({
      /** Stable; listed in docs/errors.md. */
      code: Type.String(),
      /** One sentence. */
      message: Type.String(),
      /** What to do, where something can be done. */
      advice: Type.Optional(Type.String()),
    }),
  },
  { $id: "Error", additionalProperties: false },
);
export type ErrorBody = Static<typeof ErrorBody>;
