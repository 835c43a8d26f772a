import { ShoalError } from "@shoal/engine";
import { API_ERROR_TABLE } from "@shoal/schema";
import { ApiError } from "@shoal/server";
import { diskTrouble } from "../state/disk-trouble.ts";
import { ConfigError } from "../settings/config-error.ts";

/** What is not listed is a fault of ours. */
const STATUSES: Partial<Record<string, { readonly status: number }>> = API_ERROR_TABLE;

/** What went wrong in the engine, as an answer; null when it is no error that was expected. */
export function explainError(thrown: unknown): ApiError | null {
  const error = diskTrouble(thrown) ?? thrown;
  if (error instanceof ConfigError) return new ApiError(400, error.code, error.message, null, error);
  if (!(error instanceof ShoalError)) return null;
  const status = STATUSES[error.code]?.status;
  return status === undefined ? null : new ApiError(status, error.code, error.message, null, error);
}
