/**
 * Errors a caller can branch on: every one carries a stable `code`; the message is for people and may change.
 * The table of all codes is `ERROR_TABLE`; docs/errors.md is compared with it by a test.
 */
export const ERROR_TABLE = {
  ERR_PROTOCOL: "Bytes from a peer, tracker or file break the protocol",
  ERR_BENCODE: "A bencoded value is malformed or exceeds a limit",
  ERR_METAINFO: "A .torrent file is malformed, inconsistent or exceeds a limit",
  ERR_MAGNET: "A magnet link is malformed",
  ERR_PATH: "A file name can't be used safely",
  ERR_DUPLICATE_TORRENT: "The torrent is already in the session",
  ERR_NOT_FOUND: "The named thing does not exist",
  ERR_FILE_EXISTS: "A file that is not this download's own is in the way",
  ERR_FILE_CHANGED: "A file changed on disk, and not by this program",
  ERR_FILES_MISSING: "Files that were there are gone, or their drive is",
  ERR_NO_SPACE: "The disk has not enough free space",
  ERR_DISK: "The file system refused an operation",
  ERR_PORT_IN_USE: "The port to listen on is taken",
  ERR_LISTEN: "Listening on the address failed",
  ERR_CONNECT: "A peer, a proxy or a host name could not be reached",
  ERR_TRACKER: "A tracker refused or did not answer",
  ERR_HTTP: "An HTTP request failed or its answer exceeds a limit",
  ERR_LOCKED: "Another process is using the same resource",
  ERR_VERIFY: "Data does not match its hash",
  ERR_CLOSED: "The session or torrent has been closed",
  ERR_INVALID_ARGUMENT: "An option or argument has an unusable value",
} as const;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** Base of all errors thrown on purpose. `details` holds plain data for logs and `--json`. */
export class ShoalError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ShoalError";
    this.code = code;
    this.details = details;
  }
}

/** The only error a decoder throws: the input is hostile or broken, the program is fine. */
export class ProtocolError extends ShoalError {
  constructor(message: string, details: Record<string, unknown> = {}, code: ErrorCode = "ERR_PROTOCOL") {
    super(code, message, details);
    this.name = "ProtocolError";
  }
}

/** What `read` makes of bytes that others sent or left; null when they break the protocol. */
export function validOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}
