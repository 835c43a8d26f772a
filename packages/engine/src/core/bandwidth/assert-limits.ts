import { ShoalError } from "../../base/errors.ts";

/** Throws ERR_INVALID_ARGUMENT unless `rate` is a speed limit: whole bytes per second above 0, or null for none. */
export function assertRate(name: string, rate: number | null): void {
  if (rate === null || (Number.isSafeInteger(rate) && rate > 0)) return;
  const message = `${name} must be a whole number of bytes per second above 0, or null for no limit, not ${rate}`;
  throw new ShoalError("ERR_INVALID_ARGUMENT", message);
}

/** Throws ERR_INVALID_ARGUMENT unless `count` is a whole number above 0. */
export function assertCount(name: string, count: number): void {
  if (Number.isSafeInteger(count) && count > 0) return;
  throw new ShoalError("ERR_INVALID_ARGUMENT", `${name} must be a whole number above 0, not ${count}`);
}
