import { connect, type Socket } from "node:net";

export interface RawAnswer {
  readonly status: number;
  /** In lower case. */
  readonly headers: string;
  readonly body: string;
}

/** A request as fetch would not send it: any Host, any Origin, any method. */
export function raw(
  port: number,
  lines: readonly string[],
  body = "",
  from: { readonly localAddress?: string; readonly host?: string } = {},
): Promise<RawAnswer> {
  const all = body === "" ? lines : [...lines, `Content-Length: ${Buffer.byteLength(body)}`];
  return exchange(port, [...all, "Connection: close", "", body].join("\r\n"), from);
}

/** Sends bytes as they are, and waits for the end of the connection. Status 0: no answer. */
export function exchange(
  port: number,
  text: string,
  { host = "127.0.0.1", localAddress }: { readonly localAddress?: string; readonly host?: string } = {},
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ port, host, ...(localAddress === undefined ? {} : { localAddress }) });
    let got = "";
    socket.setEncoding("utf8");
    socket.on("data", (more: string) => (got += more));
    // A server that refuses what it is still being sent resets the connection.
    socket.on("error", () => {});
    socket.on("close", () => {
      const [headers = "", ...rest] = got.split("\r\n\r\n");
      resolve({
        status: Number(headers.split(" ")[1] ?? 0),
        headers: headers.toLowerCase(),
        body: rest.join("\r\n\r\n"),
      });
    });
    socket.write(text);
  });
}
