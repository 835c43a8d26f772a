import type { Millis } from "../../base/brand.ts";
import { BLOCK_SIZE } from "../../meta/layout.ts";

/** From a server that gives whole files only, parts of small ones are taken all the same: what comes before is thrown away. */
const MAX_SMALL = 2 * 1024 * 1024;

/** Status and headers, by lower-case name. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

/** What is wanted of a file. */
export interface WantedRange {
  readonly from: number;
  /** One past the last byte. */
  readonly to: number;
  readonly fileSize: number;
}

/** What to make of the head of an answer. Messages are clauses for people. */
export type AnswerVerdict =
  /** After `skip` bytes come those that are wanted, or the first `length` of them. */
  | { readonly kind: "take"; readonly skip: number; readonly length: number }
  /** The server gives whole files only, this one is large, and something else than its beginning is wanted. */
  | { readonly kind: "whole-files" }
  /** The server does not have this file. */
  | { readonly kind: "no-file"; readonly message: string }
  /** It has too much to do; `afterMs` is when it wants to be asked again. */
  | { readonly kind: "busy"; readonly message: string; readonly afterMs: Millis | null }
  | { readonly kind: "failed"; readonly message: string };

/** Judges an answer by its status and headers (RFC 9110). */
export function judgeAnswer({ status, headers }: AnswerHead, wanted: WantedRange): AnswerVerdict {
  if (status === 429 || status === 503)
    return { kind: "busy", message: `it answers with status ${status}`, afterMs: retryAfter(headers) };
  if (status === 416) return { kind: "no-file", message: "its file is shorter than the torrent says" };
  if (status === 401 || status === 403 || status === 404 || status === 410)
    return { kind: "no-file", message: `it answers with status ${status}` };
  if (status !== 200 && status !== 206)
    return { kind: "failed", message: `it answers with status ${status}` };
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity")
    return { kind: "failed", message: "it compresses what was asked for uncompressed" };
  return status === 206 ? partial(headers, wanted) : whole(headers, wanted);
}

function partial(headers: AnswerHead["headers"], { from, to, fileSize }: WantedRange): AnswerVerdict {
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(
    headers.get("content-range")?.trim() ?? "",
  );
  if (match === null) return { kind: "failed", message: "it does not say which part of the file it sends" };
  if (match[3] !== "*" && Number(match[3]) !== fileSize) return otherSize();
  const first = Number(match[1]);
  const end = Number(match[2]) + 1;
  if (first !== from || end <= from || end > to)
    return { kind: "failed", message: "it sends another part of the file than it was asked for" };
  const length = contentLength(headers);
  if (length !== null && length !== end - first)
    return { kind: "failed", message: "it sends another part of the file than it was asked for" };
  return { kind: "take", skip: 0, length: end - from };
}

function whole(headers: AnswerHead["headers"], { from, to, fileSize }: WantedRange): AnswerVerdict {
  const length = contentLength(headers);
  if (length !== null && length !== fileSize) return otherSize();
  // A file need not begin where a block does.
  if (fileSize > MAX_SMALL && from >= BLOCK_SIZE) return { kind: "whole-files" };
  return { kind: "take", skip: from, length: to - from };
}

function otherSize(): AnswerVerdict {
  return { kind: "no-file", message: "its file has another size than the torrent says" };
}

function contentLength(headers: AnswerHead["headers"]): number | null {
  const text = headers.get("content-length")?.trim() ?? "";
  return /^\d{1,16}$/.test(text) ? Number(text) : null;
}

/** Milliseconds until the server wants to be asked again; a date is measured against the server's own clock. */
function retryAfter(headers: AnswerHead["headers"]): Millis | null {
  const text = headers.get("retry-after")?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const wait = Date.parse(text) - Date.parse(headers.get("date") ?? "");
  return Number.isNaN(wait) ? null : Math.max(0, wait);
}
