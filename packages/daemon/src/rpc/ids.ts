import type { Transfer } from "../transfer.ts";

/**
 * The transfers that the `ids` of a request mean, in all forms that programs send: absent for all, a number, a list of numbers and info-hashes, one
 * info-hash, "recently-active". Anything else, and what does not exist, means none.
 */
export function findByIds(
  ids: unknown,
  transfers: readonly Transfer[],
  isRecent: (transfer: Transfer) => boolean,
): Transfer[] {
  if (ids === undefined) return [...transfers];
  if (ids === "recently-active") return transfers.filter(isRecent);
  const wanted = new Set(
    (Array.isArray(ids) ? ids : [ids]).map((id) => (typeof id === "string" ? id.toLowerCase() : id)),
  );
  return transfers.filter((transfer) => wanted.has(transfer.id) || wanted.has(transfer.hash));
}
