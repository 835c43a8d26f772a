import { MadeToken, NewToken, SCHEMA_VERSION, TokenList } from "@shoal/schema";
import { ApiError, type HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";

/** Tokens, by which programs get in: making them, and taking them back. */
export function tokenRoutes(app: HttpServer, { tokens }: ShoalNode): void {
  const config = { scope: "admin" } as const;
  app.get(
    "/tokens",
    {
      config,
      schema: {
        summary: "All tokens, without their secrets",
        tags: ["tokens"],
        response: { 200: TokenList },
      },
    },
    async () => ({
      schema: SCHEMA_VERSION,
      tokens: tokens
        .list()
        .map(({ id, name, scope, createdAt, lastUsedAt }) => ({ id, name, scope, createdAt, lastUsedAt })),
    }),
  );
  app.post(
    "/tokens",
    {
      config,
      schema: {
        summary: "Makes a token; its secret is told this once",
        tags: ["tokens"],
        body: NewToken,
        response: { 201: MadeToken },
      },
    },
    async ({ body }, reply) => {
      if (tokens.list().some(({ name }) => name === body.name))
        throw new ApiError(
          409,
          "ERR_EXISTS",
          `There is a token for ${body.name} already`,
          "Revoke it, or choose another name.",
        );
      const { record, secret } = await tokens.create(body.name, body.scope ?? "control");
      const made = {
        schema: SCHEMA_VERSION,
        id: record.id,
        user: record.name,
        password: secret,
        scope: record.scope,
      };
      return reply.code(201).send(made);
    },
  );
  const params = Type.Object({ id: Type.String({ maxLength: 64 }) });
  app.delete(
    "/tokens/:id",
    {
      config,
      schema: {
        summary: "Takes a token back",
        tags: ["tokens"],
        params,
        response: { 200: Type.Object({ revoked: Type.String() }) },
      },
    },
    async (request) => {
      if (!(await tokens.revoke(request.params.id)))
        throw new ApiError(404, "ERR_NOT_FOUND", "There is no such token");
      return { revoked: request.params.id };
    },
  );
}
