// Shows openapi.json to people. Text from the document becomes text nodes, nothing else.

const MAX_SHOWN = 200_000;
const own = document.querySelector("script[data-root]");
const api = new URL(`${own?.getAttribute("data-root") ?? ""}`, new URL(".", location.href));

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Text in which `code` is marked. */
function prose(text) {
  return text.split("`").map((part, i) => (i % 2 === 1 ? element("code", {}, part) : part));
}

class Reference {
  constructor(openApi) {
    this.schemas = openApi.components?.schemas ?? {};
  }

  resolve(schema) {
    const name = this.nameOf(schema);
    return name === null ? schema : (this.schemas[name] ?? {});
  }

  nameOf(schema) {
    const pointer = schema?.$ref;
    return typeof pointer === "string" ? (pointer.split("/").pop() ?? null) : null;
  }

  /** In a few words, such as "integer, at least 1". */
  typeOf(schema) {
    const name = this.nameOf(schema);
    if (name !== null) return name;
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices !== undefined) return choices.map((one) => this.typeOf(one)).join(" | ");
    if (schema.type === "array") return `array of ${this.typeOf(schema.items ?? {})}`;
    const limits = [
      schema.minimum === undefined || schema.minimum === 0 ? null : `at least ${schema.minimum}`,
      schema.maximum === undefined ? null : `at most ${schema.maximum}`,
      schema.maxLength === undefined ? null : `up to ${schema.maxLength} characters`,
      schema.format ?? null,
    ].filter((limit) => limit !== null);
    return [schema.type ?? "any", ...limits].join(", ");
  }

  /** What lies below a schema: the fields of an object, also inside an array or one of several. */
  fieldsOf(schema) {
    const whole = this.resolve(schema);
    if (whole.properties !== undefined) return whole;
    if (whole.items !== undefined && !Array.isArray(whole.items)) return this.fieldsOf(whole.items);
    for (const one of whole.anyOf ?? []) {
      const found = this.fieldsOf(one);
      if (found !== null) return found;
    }
    return null;
  }

  /** A body to begin with: what has to be there. */
  example(schema, depth = 0) {
    const whole = this.resolve(schema);
    if (whole.const !== undefined) return whole.const;
    if (whole.enum !== undefined) return whole.enum[0];
    if (whole.anyOf !== undefined) return this.example(whole.anyOf[0], depth);
    if (whole.type === "object") {
      const required = depth > 3 ? [] : (whole.required ?? []);
      return Object.fromEntries(required.map((key) => [key, this.example(whole.properties[key], depth + 1)]));
    }
    if (whole.type === "array") return [];
    if (whole.type === "boolean") return false;
    if (whole.type === "integer" || whole.type === "number") return whole.minimum ?? 0;
    return whole.type === "null" ? null : "";
  }

  /** The fields as a list; those of fields open on demand. */
  list(schema, depth = 0) {
    const whole = this.fieldsOf(schema);
    if (whole === null || depth > 5) return null;
    const list = element("ul", { class: "fields" });
    for (const [key, field] of Object.entries(whole.properties)) {
      const optional = whole.required?.includes(key) === true ? "" : "?";
      const line = [
        element("code", {}, key + optional),
        " ",
        element("span", { class: "soft" }, this.typeOf(field)),
      ];
      const about = field.description ?? this.resolve(field).description;
      if (about !== undefined) line.push(" · ", ...prose(about));
      const below = this.fieldsOf(field);
      if (below === null) {
        list.append(element("li", {}, ...line));
        continue;
      }
      const more = element("details", {}, element("summary", {}, ...line));
      more.addEventListener("toggle", () => {
        const inner = more.childElementCount === 1 ? this.list(field, depth + 1) : null;
        if (inner !== null) more.append(inner);
      });
      list.append(element("li", {}, more));
    }
    return list;
  }
}

/** Fields for the parameters and the body, and what the server answers. */
function trial(method, path, operation, reference) {
  const form = element("form");
  const inputs = [];
  for (const parameter of operation.parameters ?? []) {
    const input = element("input", {
      name: parameter.name,
      autocomplete: "off",
      placeholder: reference.typeOf(parameter.schema),
    });
    inputs.push([parameter, input]);
    form.append(element("label", {}, `${parameter.name} (${parameter.in})`, input));
  }
  const bodySchema = operation.requestBody?.content?.["application/json"]?.schema;
  const body = bodySchema === undefined ? null : element("textarea", { "aria-label": "Body" });
  if (body !== null) {
    body.value = JSON.stringify(reference.example(bodySchema), null, 2);
    form.append(element("label", {}, "Body", body));
  }
  const answer = element("pre", { role: "status", hidden: "" });
  form.append(element("p", {}, element("button", {}, "Send")), answer);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const query = new URLSearchParams();
    let filled = path;
    for (const [{ name, in: place }, { value }] of inputs) {
      if (place === "path") filled = filled.replace(`{${name}}`, encodeURIComponent(value));
      else if (value !== "") query.set(name, value);
    }
    const url = new URL(filled.replace(/^\/api\/v1\//, ""), api);
    url.search = query.toString();
    answer.hidden = false;
    answer.textContent = "…";
    void send(method, url, body?.value ?? (method === "get" || method === "delete" ? null : "{}"), answer);
  });
  return form;
}

async function send(method, url, body, answer) {
  const token = byId("token").value.trim();
  const headers = token === "" ? {} : { authorization: `Bearer ${token}` };
  if (body !== null) headers["content-type"] = "application/json";
  try {
    const response = await fetch(url, { method: method.toUpperCase(), headers, body });
    answer.textContent = `${response.status} ${response.statusText}\n\n`;
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    // A stream of events never ends by itself.
    for (let shown = 0; reader !== undefined && shown < MAX_SHOWN;) {
      const { value, done } = await reader.read();
      if (done) return;
      shown += value.length;
      answer.append(value);
    }
    await reader?.cancel();
  } catch (error) {
    answer.textContent = `No answer: ${error.message}`;
  }
}

function show(path, method, operation, reference) {
  const id = operation.operationId ?? `${method}${path}`.replaceAll(/[^a-z0-9]+/gi, "-");
  const head = element(
    "summary",
    {},
    element("span", { class: `method ${method}` }, method.toUpperCase()),
    element("span", { class: "path" }, path),
    element("span", {}, operation.summary ?? ""),
  );
  const shown = element("details", { class: "operation", id }, head);
  shown.addEventListener("toggle", () => {
    if (shown.childElementCount === 1) shown.append(insides(path, method, operation, reference));
  });
  return shown;
}

function insides(path, method, operation, reference) {
  const inside = element("div");
  if (operation.description !== undefined) inside.append(element("p", {}, ...prose(operation.description)));
  const parameters = operation.parameters ?? [];
  if (parameters.length > 0) {
    const list = element("ul", { class: "fields" });
    for (const { name, schema, required, in: place, description } of parameters) {
      const about = description ?? schema.description;
      const line = [element("code", {}, name + (required ? "" : "?")), " "];
      line.push(element("span", { class: "soft" }, `${place}, ${reference.typeOf(schema)}`));
      if (about !== undefined) line.push(" · ", ...prose(about));
      list.append(element("li", {}, ...line));
    }
    inside.append(element("h4", {}, "Parameters"), list);
  }
  const body = operation.requestBody?.content?.["application/json"]?.schema;
  if (body !== undefined)
    inside.append(element("h4", {}, `Body: ${reference.typeOf(body)}`), reference.list(body) ?? "");
  for (const [status, { content }] of Object.entries(operation.responses ?? {})) {
    const schema = Object.values(content ?? {})[0]?.schema;
    const type = schema === undefined ? (Object.keys(content ?? {})[0] ?? "") : reference.typeOf(schema);
    inside.append(element("h4", {}, `Answer ${status}: ${type}`));
    if (schema !== undefined) inside.append(reference.list(schema) ?? "");
  }
  inside.append(
    element("details", {}, element("summary", {}, "Try it"), trial(method, path, operation, reference)),
  );
  return inside;
}

function showAll(openApi) {
  const reference = new Reference(openApi);
  byId("version").textContent = openApi.info.version;
  byId("about").replaceChildren(...prose(openApi.info.description ?? ""));
  const main = byId("operations");
  main.replaceChildren();
  const all = Object.entries(openApi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  for (const { name, description } of openApi.tags ?? []) {
    const group = all.filter(({ operation }) => operation.tags?.[0] === name);
    if (group.length === 0) continue;
    const list = element("ul");
    main.append(element("h2", {}, name), element("p", { class: "soft" }, description ?? ""));
    for (const { path, method, operation } of group) {
      const shown = show(path, method, operation, reference);
      main.append(shown);
      const link = element("a", { href: `#${shown.id}` }, operation.summary ?? path);
      link.addEventListener("click", () => {
        shown.open = true;
      });
      list.append(element("li", {}, link));
    }
    byId("contents").append(element("strong", {}, name), list);
  }
  byId("find").addEventListener("input", () => {
    const word = byId("find").value.toLowerCase();
    for (const shown of main.querySelectorAll("details.operation"))
      shown.hidden = !shown.firstElementChild.textContent.toLowerCase().includes(word);
  });
  const chosen = location.hash === "" ? null : document.getElementById(location.hash.slice(1));
  if (chosen !== null) {
    chosen.open = true;
    chosen.scrollIntoView();
  }
}

try {
  const response = await fetch(new URL("openapi.json", api));
  if (!response.ok) throw new Error(`status ${response.status}`);
  showAll(await response.json());
} catch (error) {
  byId("operations").replaceChildren(element("p", {}, `openapi.json can't be read: ${error.message}`));
}
