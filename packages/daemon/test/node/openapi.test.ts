import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import type { Scope } from "@shoal/server";
import { Check, Errors } from "typebox/schema";
import { Scene } from "../scene.ts";

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly description?: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: object }> };
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>;
}

interface OpenApi {
  readonly openapi: string;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

const MAGNET = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=hello`;

/**
 * A request for every operation, in this order, so that each finds what it needs; those that are not here get no body. A new route that this test does
 * not know how to call needs a line.
 */
const CALLS: readonly (readonly [
  call: string,
  body?: ((scene: Scene) => object) | undefined,
  path?: string,
])[] = [
  ["post /api/v1/torrents", () => ({ magnet: MAGNET })],
  ["get /api/v1/torrents"],
  ["get /api/v1/torrents/{id}"],
  ["patch /api/v1/torrents/{id}", () => ({ sequential: true })],
  ["post /api/v1/torrents/{id}/queue", () => ({ move: "top" })],
  ["post /api/v1/torrents/{id}/pause", () => ({})],
  ["post /api/v1/torrents/{id}/resume", () => ({})],
  ["get /api/v1/torrents/{id}/files"],
  ["get /api/v1/torrents/{id}/peers"],
  ["get /api/v1/torrents/{id}/trackers"],
  ["put /api/v1/labels/{name}", () => ({}), "/api/v1/labels/films"],
  ["get /api/v1/labels"],
  ["delete /api/v1/labels/{name}", undefined, "/api/v1/labels/films"],
  ["delete /api/v1/torrents/{id}"],
  ["get /api/v1/trash"],
  ["get /api/v1/history"],
  ["post /api/v1/undo", () => ({})],
  ["post /api/v1/shares", ({ dir }) => ({ paths: [join(dir, "share.txt")] })],
  ["get /api/v1/shares"],
  ["post /api/v1/watch-folders", ({ dir }) => ({ dir: join(dir, "watched") })],
  ["get /api/v1/watch-folders"],
  ["delete /api/v1/watch-folders/{id}"],
  ["post /api/v1/notices/seen", () => ({ upTo: 0 })],
  ["post /api/v1/tokens", () => ({ name: "phone" })],
  ["patch /api/v1/settings", () => ({ values: { "metrics.enabled": true } })],
  ["post /api/v1/settings/reload", () => ({})],
  ["patch /api/v1/limits", () => ({})],
  ["post /api/v1/limits/slow", () => ({ on: true })],
  ["delete /api/v1/history"],
  ["post /api/v1/shutdown", () => ({})],
];

/** Those have an answer that is no JSON, or never ends. */
const OTHER = new Set(["get /api/v1/events", "get /api/v1/torrents/{id}/torrent-file", "get /metrics"]);

async function documentOf(url: string): Promise<OpenApi> {
  return (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as OpenApi;
}

function operations({
  paths,
}: OpenApi): { call: string; path: string; method: string; operation: Operation }[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      call: `${method} ${path}`,
      path,
      method,
      operation,
    })),
  );
}

function call(
  scene: Scene,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; type: string; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const { socket: socketPath } = scene.options.profile;
    const sent = request({ socketPath, method: method.toUpperCase(), path, headers, agent: false });
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, type: `${response.headers["content-type"]}`, text }),
      );
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The schema of an answer, and what it refers to. */
function schemaOf({ responses }: Operation, status: number, { components }: OpenApi): object {
  const answer = responses[status] ?? responses[`${Math.floor(status / 100)}XX`];
  const schema = answer?.content?.["application/json"]?.schema;
  assert.ok(schema !== undefined, `status ${status} is not in the document`);
  return { ...schema, components };
}

describe("the OpenAPI document", () => {
  test("is complete: references, parameters, summaries, tags, answers and errors of every route", async (t: TestContext) => {
    const scene = new Scene(t);
    const { ui } = await scene.start();
    const openApi = await documentOf(ui.url);
    assert.match(openApi.openapi, /^3\.1\.\d$/);
    const references = JSON.stringify(openApi).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g);
    for (const [, name] of references) assert.ok(Object.hasOwn(openApi.components.schemas, name!), name);
    assert.doesNotMatch(JSON.stringify(openApi), /"\$id"|"x-name"|"nullable"/);
    const tags = new Set(openApi.tags.map(({ name }) => name));
    for (const { call: name, path, operation } of operations(openApi)) {
      assert.ok((operation.summary ?? "").length > 5, `${name} has no summary`);
      assert.ok(
        operation.tags?.length === 1 && tags.has(operation.tags[0]!),
        `${name} has no tag that is known`,
      );
      assert.match(operation.description ?? "", /Needs (no token|a token that may (read|control|admin))\.$/);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, word]) => word);
      const declared = (operation.parameters ?? []).filter((one) => one.in === "path" && one.required);
      assert.deepEqual(
        declared.map((one) => one.name),
        inPath,
        name,
      );
      const answers = Object.keys(operation.responses);
      assert.ok(
        answers.some((status) => /^2\d\d$/.test(status)),
        `${name} does not say what it answers`,
      );
      assert.ok(answers.includes("4XX") && answers.includes("5XX"), name);
    }
  });

  test("says what is really answered: every route is called, and its answer is as its schema says", async (t) => {
    const scene = new Scene(t);
    const { ui } = await scene.start();
    writeFileSync(join(scene.dir, "share.txt"), "hello");
    const openApi = await documentOf(ui.url);
    const known = new Map(CALLS.map(([name, body, path]) => [name, { body, path }]));
    const all = operations(openApi).filter(({ call: name }) => !OTHER.has(name));
    for (const name of known.keys())
      assert.ok(
        all.some((one) => one.call === name),
        `${name} is no route`,
      );
    const order = (name: string): number => (known.has(name) ? [...known.keys()].indexOf(name) : -1);
    let successes = 0;
    for (const { call: name, path, method, operation } of all.toSorted(
      (a, b) => order(a.call) - order(b.call),
    )) {
      const how = known.get(name);
      const body = how?.body?.(scene) ?? (method === "get" || method === "delete" ? undefined : {});
      const { status, type, text } = await call(
        scene,
        method,
        how?.path ?? path.replace(/\{\w+\}/, "1"),
        body,
      );
      if (status < 300) successes++;
      assert.ok(status < 500, `${name}: ${text}`);
      assert.match(type, /^application\/json/, name);
      const answer = JSON.parse(text) as unknown;
      const schema = schemaOf(operation, status, openApi);
      assert.ok(
        Check(schema, answer),
        `${name} ${status}: ${JSON.stringify(Errors(schema, answer))} ${text}`,
      );
      if (how !== undefined) assert.ok(status < 300, `${name} could not be done: ${text}`);
    }
    assert.ok(successes >= CALLS.length);
  });

  test("scopes: what a token may not do it can't, on every route, and without one there is nothing", async (t) => {
    const scene = new Scene(t);
    const { ui, node } = await scene.start();
    const openApi = await documentOf(ui.url);
    const order: readonly Scope[] = ["read", "control", "admin"];
    const secrets = new Map<Scope, string>();
    for (const scope of order) secrets.set(scope, (await node.tokens.create(scope, scope)).secret);
    const status = async (method: string, path: string, token?: string): Promise<number> => {
      const response = await fetch(`${ui.url}${path}`, {
        method: method.toUpperCase(),
        headers: {
          "content-type": "application/json",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        // Nothing that could be done: who is let in gets an error for this.
        ...(method === "get" ? {} : { body: "{" }),
      });
      await response.body?.cancel();
      return response.status;
    };
    for (const { call: name, path, method, operation } of operations(openApi)) {
      const filled = path.replace(/\{\w+\}/, "999999");
      const needed = /may (read|control|admin)\.$/.exec(operation.description ?? "")?.[1] as
        | Scope
        | undefined;
      const without = await status(method, filled);
      if (needed === undefined) {
        assert.equal(without, 200, name);
        continue;
      }
      assert.equal(without, 401, name);
      // What changes something is not for readers, and what lets others in is for admins alone.
      if (method !== "get") assert.notEqual(needed, "read", name);
      if (/\/(tokens|audit|shutdown)/.test(path)) assert.equal(needed, "admin", name);
      for (const scope of order) {
        const found = await status(method, filled, secrets.get(scope));
        if (order.indexOf(scope) < order.indexOf(needed)) assert.equal(found, 403, `${name} with ${scope}`);
        else assert.ok(found !== 401 && found !== 403, `${name} with ${scope}: ${found}`);
      }
    }
  });
});

describe("the page of the API", () => {
  test("is made of files of ours, found from wherever it lies", async (t) => {
    const scene = new Scene(t);
    const { ui } = await scene.start();
    for (const path of ["/", "/api/v1/docs"]) {
      const response = await fetch(ui.url + path);
      assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
      const html = await response.text();
      const [, css] = /href="([^"]+\.css)"/.exec(html)!;
      const [, script, root] = /src="([^"]+\.js)" data-root="([^"]*)"/.exec(html)!;
      for (const [link, type] of [
        [css!, "text/css"],
        [script!, "text/javascript"],
        [`${root}openapi.json`, "application/json"],
      ] as const) {
        const file = await fetch(new URL(link, ui.url + path));
        assert.equal(file.status, 200, `${path} ${link}`);
        assert.match(file.headers.get("content-type") ?? "", new RegExp(`^${type}`));
        await file.body?.cancel();
      }
    }
    assert.equal((await fetch(`${ui.url}/nothing.html`)).status, 404);
  });
});
