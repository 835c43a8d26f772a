import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { test, type TestContext } from "node:test";
import { Scene } from "../scene.ts";

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly type?: string;
  readonly $ref?: string;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const WORDS = [
  "0",
  "-1",
  "1e9",
  "1.5",
  "NaN",
  "9007199254740993",
  "99999999999999999999",
  "",
  "null",
  "__proto__",
  "constructor",
  "../../etc/passwd",
  "\u0000",
  "\u202e\ud83d\udc1f",
  "a".repeat(190),
  "1,2,,3-",
  "%",
  "*[",
];

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e9,
  1.5,
  2 ** 53,
  1e308,
  "",
  "x",
  "\u0000",
  "\ud800",
  "../..",
  "/\u0000",
  "a".repeat(70_000),
  [],
  [null],
  [[]],
  ["", "*[", "\u0000"],
  {},
  { __proto__: null, constructor: { prototype: 1 } },
  { a: { b: { c: [] } } },
];

const BODIES = [
  "",
  "null",
  "[]",
  "1",
  '"x"',
  "{",
  '{"__proto__":{"a":1}}',
  '{"constructor":{"prototype":{"a":1}}}',
  `${"[".repeat(50_000)}${"]".repeat(50_000)}`,
  `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`,
  `{"a":"${"x".repeat(1_100_000)}"}`,
  '{"a":1,"a":2}',
  "\ufeff{}",
];

/** Of a stream only the head is waited for. */
function send(
  socketPath: string,
  agent: Agent,
  [method, path]: readonly [string, string],
  body: string | null,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === null ? {} : { "content-type": "application/json" };
    const sent = request({ socketPath, agent, method: method.toUpperCase(), path, headers }, (response) => {
      const type = `${response.headers["content-type"]}`;
      const status = response.statusCode ?? 0;
      let text = "";
      if (type.startsWith("text/event-stream")) {
        response.on("error", () => {});
        response.destroy();
        resolve({ status, type, text });
        return;
      }
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status, type, text }));
    });
    sent.on("error", reject);
    sent.end(body ?? undefined);
  });
}

/** Values for a schema that fit it, so that what stands beside an odd one is looked at. */
function fitting(schema: Schema, components: OpenApi["components"]["schemas"]): unknown {
  const { $ref, anyOf, type } = schema;
  if ($ref !== undefined) return fitting(components[$ref.split("/").at(-1)!]!, components);
  if (anyOf !== undefined) return fitting(anyOf[0]!, components);
  if (type === "array") return [fitting(schema.items ?? {}, components)];
  if (type === "object") return {};
  return type === "boolean" ? false : type === "integer" || type === "number" ? 1 : "x";
}

function bodiesFor({ requestBody }: Operation, { components: { schemas } }: OpenApi): string[] {
  let schema = requestBody?.content["application/json"]?.schema;
  if (schema?.$ref !== undefined) schema = schemas[schema.$ref.split("/").at(-1)!];
  if (schema === undefined) return BODIES;
  const { properties = {} } = schema;
  const names = [...Object.keys(properties), "somethingElse"];
  const odd = names.flatMap((name) =>
    VALUES.flatMap((value) => [JSON.stringify({ [name]: value }), JSON.stringify({ [name]: [value] })]),
  );
  const whole = Object.fromEntries(
    names.slice(0, -1).map((name) => [name, fitting(properties[name]!, schemas)]),
  );
  return [...BODIES, ...odd, JSON.stringify(whole)];
}

test("odd requests: whatever is sent to any route, it says what is wrong, and nothing goes wrong inside", async (t: TestContext) => {
  const scene = new Scene(t);
  const { ui } = await scene.start();
  const openApi = (await (await fetch(`${ui.url}/api/v1/openapi.json`)).json()) as OpenApi;
  await scene.call("POST", "/torrents", { magnet: `magnet:?xt=urn:btih:${"ab".repeat(20)}`, paused: true });
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  t.after(() => agent.destroy());
  const { socket } = scene.options.profile;
  const faults: string[] = [];
  let refused = 0;
  const attack = async (method: string, path: string, body: string | null): Promise<void> => {
    const { status, type, text } = await send(socket, agent, [method, path], body);
    const said = `${method} ${path.slice(0, 200)} ${body?.slice(0, 200)}: ${status} ${text.slice(0, 300)}`;
    if (status >= 500 && status !== 503) faults.push(said);
    if (status < 400) return;
    refused++;
    if (!type.startsWith("application/json")) faults.push(`no JSON: ${said}`);
    else if (!/^ERR_[A-Z_]+$/.test((JSON.parse(text) as { error: { code: string } }).error.code))
      faults.push(`no code: ${said}`);
  };
  for (const [path, methods] of Object.entries(openApi.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const known = path.replace(/\{\w+\}/g, "1");
      const body = method === "get" ? null : "{}";
      for (const word of WORDS.map(encodeURIComponent)) {
        if (path.includes("{")) await attack(method, path.replace(/\{\w+\}/g, word), body);
        for (const { name, in: where } of operation.parameters ?? [])
          if (where === "query") await attack(method, `${known}?${name}=${word}`, body);
      }
      await attack(method, `${known}?%=%&a[]=1&__proto__[x]=1&since=1&since=2`, body);
      if (method !== "get") for (const odd of bodiesFor(operation, openApi)) await attack(method, known, odd);
    }
  }
  assert.deepEqual(faults, []);
  assert.ok(refused > 1_000, `${refused}`);
  assert.equal((await scene.call("GET", "/info")).status, 200);
});
