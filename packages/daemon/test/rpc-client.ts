import { request } from "node:http";

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface RpcAnswer {
  readonly result: string;
  readonly arguments: Record<string, unknown>;
  readonly tag?: unknown;
}

/** A request as it is written, without anything that a comfortable client adds. */
export function rawRequest(
  port: number,
  { method = "POST", path = "/transmission/rpc", headers, body }: RawRequest,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, method, path, headers: { ...headers }, agent: false },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A program that speaks Transmission's RPC. */
export class RpcClient {
  readonly port: number;
  readonly authorization: string;
  #session = "";

  constructor(port: number, user: string, password: string) {
    this.port = port;
    this.authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  }

  /** With the headers of a client that has signed in. */
  async raw(wanted: RawRequest): Promise<RawAnswer> {
    const send = (): Promise<RawAnswer> =>
      rawRequest(this.port, {
        ...wanted,
        headers: {
          authorization: this.authorization,
          "x-transmission-session-id": this.#session,
          ...wanted.headers,
        },
      });
    const answer = await send();
    if (answer.status !== 409 || this.#session !== "") return answer;
    this.#session = String(answer.headers["x-transmission-session-id"]);
    return send();
  }

  /** The whole answer of a method. */
  async call(method: string, args: object = {}, more: object = {}): Promise<RpcAnswer> {
    const { status, body } = await this.raw({ body: JSON.stringify({ method, arguments: args, ...more }) });
    if (status !== 200) throw new Error(`HTTP ${status}: ${body.toString()}`);
    return JSON.parse(body.toString()) as RpcAnswer;
  }

  /** What a method answers that must succeed. */
  async ask(method: string, args: object = {}): Promise<Record<string, unknown>> {
    const answer = await this.call(method, args);
    if (answer.result !== "success") throw new Error(`${method}: ${answer.result}`);
    return answer.arguments;
  }

  /** The torrents of `torrent-get`. */
  async torrents(fields: readonly string[], ids?: unknown): Promise<Record<string, unknown>[]> {
    const args = { fields, ...(ids === undefined ? {} : { ids }) };
    return (await this.ask("torrent-get", args))["torrents"] as Record<string, unknown>[];
  }
}
