import type { Declaration, NoOptions } from "../command.ts";
import { choice, type SpecsOf, text } from "../option.ts";

export interface NewTokenOptions {
  readonly for: string | null;
  readonly scope: "read" | "control" | "admin";
}

const NEW_OPTIONS: SpecsOf<NewTokenOptions> = {
  for: text("--for <name>", "the program or person that gets it, such as sonarr"),
  scope: choice(
    "--scope <what>",
    "what it is good for: read, control (the default), admin",
    ["read", "control", "admin"],
    "control",
  ),
};

export const newTokenDeclaration: Declaration<NewTokenOptions> = {
  name: "token new",
  summary: "a user name and password for a program that drives shoal",
  about: [
    "Programs that speak Transmission's RPC take them as user and password; programs that use the API send the password as a bearer token.",
    "The password is shown this once: only its fingerprint is kept.",
  ],
  arguments: [],
  options: NEW_OPTIONS,
  examples: [{ line: "shoal token new --for sonarr", about: "then enter both in that program" }],
  exits: ["daemon", "exists"],
};

export const listTokensDeclaration: Declaration<NoOptions> = {
  name: "token list",
  summary: "who has a password, and when it was used last",
  about: [],
  arguments: [],
  options: {},
  examples: [{ line: "shoal token list", about: "names, scopes and times" }],
  exits: ["daemon"],
};

export const revokeTokenDeclaration: Declaration<NoOptions> = {
  name: "token revoke",
  summary: "take a password back",
  about: [],
  arguments: [{ name: "name", description: "for whom it was made" }],
  options: {},
  examples: [{ line: "shoal token revoke sonarr", about: "it is refused from now on" }],
  exits: ["daemon", "notFound"],
};
