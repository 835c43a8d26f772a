import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { ApiError, errorBody } from "./api-error.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

/** Answers with what went wrong; what was no fault of the request is told in the log alone. */
export function answerError(
  error: FastifyError | ApiError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof ApiError) {
    if (error.status === 401) reply.header("www-authenticate", 'Bearer realm="shoal"');
    const isPage = error.status === 421 && request.headers.accept?.includes("text/html") === true;
    if (isPage) return reply.code(421).type("text/html; charset=utf-8").send(page(error));
    return reply.code(error.status).send(errorBody(error));
  }
  const status = error.statusCode ?? 500;
  if (status < 500) {
    const code = error.validation === undefined ? "ERR_BAD_REQUEST" : "ERR_VALIDATION";
    return reply.code(status).send(errorBody({ code, message: error.message, advice: null }));
  }
  request.log.error({ err: error }, "a request failed");
  const advice = "Look at the log: shoal daemon logs";
  return reply
    .code(500)
    .send(errorBody({ code: "ERR_INTERNAL", message: "Something went wrong inside", advice }));
}

/** Answers what is no request at all, or too slow or too large to become one. */
export function answerBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? [431, "The headers are too large"]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? [408, "The request took too long"]
        : [400, "This is no proper request"];
  const body = JSON.stringify(errorBody({ code: "ERR_BAD_REQUEST", message, advice: null }));
  const headers = {
    ...SECURITY_HEADERS,
    "content-type": "application/json; charset=utf-8",
    "content-length": `${Buffer.byteLength(body)}`,
    connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, "", body].join("\r\n"), () =>
    socket.destroy(),
  );
}

/** For a person in front of a browser. */
function page({ message, advice }: ApiError): string {
  return `<!doctype html>\n<title>Shoal</title>\n<h1>Not known here</h1>\n<p>${escaped(message)}.</p>\n<p>${escaped(advice ?? "")}</p>\n`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
