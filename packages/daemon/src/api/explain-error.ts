import { type ErrorCode, ShoalError } from "@shoal/engine";
import { ApiError } from "@shoal/server";
import { ConfigError } from "../settings/config-error.ts";

/** HTTP status of what the engine refuses; what is not listed is a fault of ours. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  ERR_INVALID_ARGUMENT: 400,
  ERR_BENCODE: 400,
  ERR_MAGNET: 400,
  ERR_METAINFO: 400,
  ERR_PATH: 400,
  ERR_PROTOCOL: 400,
  ERR_NOT_FOUND: 404,
  ERR_DUPLICATE_TORRENT: 409,
  ERR_FILE_EXISTS: 409,
  ERR_FILE_CHANGED: 409,
  ERR_FILES_MISSING: 409,
  ERR_LOCKED: 409,
  ERR_HTTP: 502,
  ERR_NO_SPACE: 507,
  ERR_DISK: 500,
  ERR_CLOSED: 503,
};

/** What went wrong in the engine, as an answer; null when it is no error that was expected. */
export function explainError(error: unknown): ApiError | null {
  if (error instanceof ConfigError) return new ApiError(400, error.code, error.message, null, error);
  if (!(error instanceof ShoalError)) return null;
  const status = STATUS[error.code];
  return status === undefined ? null : new ApiError(status, error.code, error.message, null, error);
}
