import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { FastifyReply, FastifyRequest } from "fastify";

/** Below that it is not worth it, bytes. */
const WORTH_IT = 1_024;
const compress = promisify(gzip);

/** Compresses an answer for those who take it, unless it is compressed already. Streams write by themselves. */
export async function compressAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  if (typeof payload !== "string" && !Buffer.isBuffer(payload)) return payload;
  if (payload.length < WORTH_IT) return payload;
  if (reply.hasHeader("content-encoding") || !takesGzip(request.headers["accept-encoding"])) return payload;
  const compressed = await compress(payload);
  reply.header("content-encoding", "gzip").header("vary", "accept-encoding");
  reply.header("content-length", compressed.length);
  return compressed;
}

function takesGzip(header: string | string[] | undefined): boolean {
  if (typeof header !== "string") return false;
  return header.split(",").some((offer) => {
    const [name, quality] = offer.split(";").map((word) => word.trim().toLowerCase());
    return (name === "gzip" || name === "*") && !/^q=0(\.0*)?$/.test(quality ?? "");
  });
}
