import { type Static, Type } from "typebox";
import { document, Time } from "./common.ts";

export const Scope = Type.Enum(["read", "control", "admin"]);

export const NewToken = Type.Object(
  {
    /** For whom or what it is. */
    name: Type.String({ minLength: 1, maxLength: 64, pattern: "^[^:\\s]+$" }),
    scope: Type.Optional(Scope),
  },
  { $id: "NewToken", additionalProperties: false },
);

/** The secret is told this once. With Transmission's remote programs it is the password of `user`. */
export const MadeToken = document({
  id: Type.String(),
  user: Type.String(),
  password: Type.String(),
  scope: Scope,
});
export type MadeToken = Static<typeof MadeToken>;

export const Token = Type.Object({
  id: Type.String(),
  name: Type.String(),
  scope: Scope,
  createdAt: Time,
  lastUsedAt: Type.Union([Time, Type.Null()]),
});

export const TokenList = document({ tokens: Type.Array(Token) });
export type TokenList = Static<typeof TokenList>;
