import { type Static, Type } from "typebox";

/** Where in the queue: by one place, to an end, or to a place of all, from 1. Several keep their order among themselves. */
export const QueueMove = Type.Object(
  {
    move: Type.Optional(Type.Enum(["top", "up", "down", "bottom"])),
    position: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { $id: "QueueMove", additionalProperties: false },
);
export type QueueMove = Static<typeof QueueMove>;
