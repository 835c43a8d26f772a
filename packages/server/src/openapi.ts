import swagger from "@fastify/swagger";
import { ErrorBody } from "@shoal/schema";
import type { FastifySchema } from "fastify";
import type { HttpServer } from "./http-server.ts";

/** What an API says of itself. */
export interface ApiDescription {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  /** By what its routes are grouped, in order: a name and a sentence. */
  readonly tags: readonly { readonly name: string; readonly description: string }[];
}

/** Keeps account of the routes that are registered from now on, for `openApiDocument`. */
export async function describeApi(app: HttpServer, api: ApiDescription): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: api.title, version: api.version, description: api.description },
      tags: [...api.tags],
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    },
    transform: ({ schema, url, route }) => ({ url, schema: described(schema, route.config?.scope) }),
  });
}

/** The OpenAPI 3.1 document of all routes that have a schema. Schemas with an `$id` stand once, among its components. */
export function openApiDocument(app: HttpServer): object {
  const components: Record<string, unknown> = {};
  const whole = app.swagger() as unknown as { components: { schemas?: Record<string, unknown> } };
  const document = withReferences(whole, components) as typeof whole;
  const schemas = Object.fromEntries(Object.entries(components).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return { ...document, components: { ...document.components, schemas } };
}

/** In place of `$id`, which the plugin takes out. */
const NAME = "x-name";

function described(schema: FastifySchema | undefined, scope: string = "control"): FastifySchema {
  if (schema === undefined) return { hide: true };
  const { default: _error, ...response } = (schema as { response?: Record<string, unknown> }).response ?? {};
  const isOpen = scope === "nobody";
  const who = isOpen ? "Needs no token." : `Needs a token that may ${scope}.`;
  return {
    ...(named(schema) as FastifySchema),
    description: schema.description === undefined ? who : `${schema.description} ${who}`,
    security: isOpen ? [] : [{ token: [] }],
    response: named({ ...response, "4xx": ErrorBody, "5xx": ErrorBody }),
  };
}

function named(part: unknown): unknown {
  return mapObjects(part, ({ $id, ...rest }) => (typeof $id === "string" ? { ...rest, [NAME]: $id } : rest));
}

function withReferences(part: unknown, components: Record<string, unknown>): unknown {
  return mapObjects(part, ({ [NAME]: name, ...rest }) => {
    if (rest["description"] === "Default Response") return { ...rest, description: "See the schema." };
    if (typeof name !== "string") return rest;
    components[name] = rest;
    return { $ref: `#/components/schemas/${name}` };
  });
}

/** A copy in which each object, the innermost first, is what `change` makes of it. */
function mapObjects(
  part: unknown,
  change: (object: Record<string, unknown>) => Record<string, unknown>,
): unknown {
  if (Array.isArray(part)) return part.map((one: unknown) => mapObjects(one, change));
  if (typeof part !== "object" || part === null) return part;
  return change(
    Object.fromEntries(Object.entries(part).map(([key, value]) => [key, mapObjects(value, change)])),
  );
}
