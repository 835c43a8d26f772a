import { readFileSync } from "node:fs";
import type { FastifyReply } from "fastify";
import { Type } from "typebox";
import { openApiDocument, type HttpServer } from "@shoal/server";

interface Page {
  readonly path: string;
  readonly file: string;
  readonly type: string;
}

const HTML = "text/html; charset=utf-8";

/** All that is served: paths are compared, never joined. */
const PAGES: readonly Page[] = [
  { path: "/", file: "index.html", type: HTML },
  { path: "/api/v1/docs", file: "index.html", type: HTML },
  { path: "/api/v1/docs/page.css", file: "page.css", type: "text/css; charset=utf-8" },
  { path: "/api/v1/docs/page.js", file: "page.js", type: "text/javascript; charset=utf-8" },
];

/** The documentation of the API, for programs and for people. */
export function pageRoutes(app: HttpServer): void {
  const config = { scope: "nobody" } as const;
  for (const { path, file, type } of PAGES) {
    const text = readFileSync(new URL(`../../pages/${file}`, import.meta.url), "utf8");
    // Behind a proxy the page may lie anywhere: it finds everything from where it is.
    const root = path === "/" ? "api/v1/" : "";
    app.get(path, { config }, (_request, reply) => reply.type(type).send(text.replaceAll("{{root}}", root)));
  }
  let document: string | null = null;
  app.get(
    "/api/v1/openapi.json",
    {
      config,
      schema: {
        summary: "This API as an OpenAPI 3.1 document",
        tags: ["node"],
        response: { 200: Type.Object({ openapi: Type.String() }, { additionalProperties: true }) },
      },
    },
    (_request, reply: FastifyReply) => {
      document ??= JSON.stringify(openApiDocument(app));
      return reply.type("application/json; charset=utf-8").send(document);
    },
  );
}
