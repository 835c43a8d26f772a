export type RpcArguments = Readonly<Record<string, unknown>>;

export interface RpcRequest {
  readonly method: unknown;
  readonly args: RpcArguments;
  /** Whatever it is, it goes back as it came: some programs tell answers apart by it. */
  readonly tag: unknown;
}

/** What a body asks for; of one that is no request, the method is missing. */
export function parseRequest(body: unknown): RpcRequest {
  const request = asObject(parseJson(body));
  return { method: request["method"], args: asObject(request["arguments"]), tag: request["tag"] };
}

function parseJson(body: unknown): unknown {
  try {
    return JSON.parse(typeof body === "string" ? body : "");
  } catch {
    return null;
  }
}

function asObject(value: unknown): RpcArguments {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as RpcArguments) : {};
}
