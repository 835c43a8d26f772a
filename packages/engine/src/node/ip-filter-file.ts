import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { ShoalError } from "../base/errors.ts";
import type { IpRanges } from "../base/ip-ranges.ts";
import { type IpFilterReport, IpFilterReader } from "../meta/ip-filter-list.ts";
import { systemCode } from "./socket-error.ts";

/** Of all lists together, unpacked. */
const MAX_BYTES = 128 * 1024 * 1024;
/** Lines that are not understood, before any that is: so many, and it is no list. */
const MAX_STRANGE = 10_000;

export interface LoadedIpFilter extends Omit<IpFilterReport, "firstUnknown"> {
  /** With the list that it is in. */
  readonly firstUnknown: (NonNullable<IpFilterReport["firstUnknown"]> & { readonly path: string }) | null;
  readonly ranges: IpRanges;
}

/** Reads lists of addresses to block, also such as were packed by gzip; see `IpFilterReader`. Throws ShoalError ERR_NOT_FOUND, and ERR_DISK with the path, also for a list of which nothing is understood. */
export async function loadIpFilter(paths: readonly string[]): Promise<LoadedIpFilter> {
  const reader = new IpFilterReader();
  let bytes = 0;
  let firstUnknown: LoadedIpFilter["firstUnknown"] = null;
  for (const path of paths) {
    const before = reader.report();
    let refusal: ShoalError | null = null;
    const refuse = (message: string): ShoalError =>
      (refusal = new ShoalError("ERR_DISK", `${path} ${message}`, { path }));
    /** Whoever asks for a filter is not to go without. */
    const check = (mayBe: number): void => {
      const { read, unknown } = reader.report();
      const lines = unknown - before.unknown;
      if (read > before.read || lines <= mayBe) return;
      throw refuse(
        `has no addresses to block, but ${lines === 1 ? "a line that is" : `${lines} lines that are`} not understood`,
      );
    };
    const read = async (parts: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const part of parts) {
        bytes += part.length;
        if (bytes > MAX_BYTES) throw refuse("is larger than an IP filter list can be");
        reader.push(part);
        check(MAX_STRANGE);
      }
    };
    try {
      const isPacked = await isGzip(path);
      const source = createReadStream(path, { highWaterMark: 65_536 });
      if (isPacked) await pipeline(source, createGunzip(), read);
      else await pipeline(source, read);
    } catch (error) {
      // The pipeline has an error of its own for what is thrown in it.
      throw refusal ?? loadError(path, error);
    }
    reader.endOfList();
    check(0);
    const found = reader.report().firstUnknown;
    if (firstUnknown === null && found !== null) firstUnknown = { ...found, path };
  }
  return { ...reader.report(), firstUnknown, ranges: await withPauses(reader.ranges()) };
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const head = new Uint8Array(2);
    const { bytesRead } = await file.read(head, 0, 2, 0);
    return bytesRead === 2 && head[0] === 0x1f && head[1] === 0x8b;
  } finally {
    await file.close();
  }
}

function loadError(path: string, error: unknown): ShoalError {
  if (error instanceof ShoalError) return error;
  const code = systemCode(error);
  if (code === "ENOENT") return new ShoalError("ERR_NOT_FOUND", `there is no file ${path}`, { path }, error);
  if (code.startsWith("Z_"))
    return new ShoalError(
      "ERR_DISK",
      `${path} can't be read: it is packed by gzip and damaged`,
      { path },
      error,
    );
  return new ShoalError("ERR_DISK", `${path} can't be read: ${code}`, { path, reason: code }, error);
}

/** Lets everything else go on at each pause. */
async function withPauses<T>(steps: Generator<void, T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await setImmediate();
  }
}
