import { request } from "node:http";
import type { Line } from "./shoal.ts";

/** Calls the API over the socket. Throws for every answer that is an error. */
export function call(socketPath: string, method: string, path: string, body: object | null): Promise<Line> {
  return new Promise((resolve, reject) => {
    const headers = body === null ? {} : { "content-type": "application/json" };
    const sent = request(
      { socketPath, method, path: `/api/v1${path}`, headers, agent: false },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => (text += part));
        response.on("error", reject);
        response.on("end", () => {
          if ((response.statusCode ?? 0) < 300) resolve(JSON.parse(text) as Line);
          else reject(new Error(`${method} ${path}: ${text}`));
        });
      },
    );
    sent.on("error", reject);
    sent.end(body === null ? undefined : JSON.stringify(body));
  });
}
