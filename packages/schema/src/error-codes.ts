/** An error code that the API answers with. */
interface ApiErrorEntry {
  /** Of HTTP; what most answers with this code have. */
  readonly status: number;
  /** Left out where the code is one of the engine, which says what it means. */
  readonly meaning?: string;
}

/** Every code that an answer of the API may have as its `error.code`, and so every code of a transfer's `error`. */
export const API_ERROR_TABLE = {
  ERR_BAD_REQUEST: { status: 400, meaning: "The request is no proper HTTP or no proper JSON" },
  ERR_VALIDATION: { status: 400, meaning: "A field of the request is missing, unknown or makes no sense" },
  ERR_CONFIG: { status: 400, meaning: "The configuration file can't be read, or says something unusable" },
  ERR_NOTHING_SELECTED: { status: 400, meaning: "What selects files matches none" },
  ERR_TOKEN_IN_URL: { status: 400, meaning: "A token stands in the address, where others can see it" },
  ERR_INVALID_ARGUMENT: { status: 400 },
  ERR_BENCODE: { status: 400 },
  ERR_MAGNET: { status: 400 },
  ERR_METAINFO: { status: 400 },
  ERR_PATH: { status: 400 },
  ERR_PROTOCOL: { status: 400 },
  ERR_UNAUTHORIZED: { status: 401, meaning: "The daemon does not know the token, or wants one" },
  ERR_FORBIDDEN: { status: 403, meaning: "The token is not good for that" },
  ERR_FOLDER: { status: 403, meaning: "The folder is outside of those that the token may name" },
  ERR_ORIGIN: { status: 403, meaning: "The request comes from another web page" },
  ERR_NOT_FOUND: { status: 404 },
  ERR_AMBIGUOUS: { status: 409, meaning: "What is named fits several things" },
  ERR_BUSY: { status: 409, meaning: "Something else is being done with the same thing, or too much at once" },
  ERR_CANCELLED: { status: 409, meaning: "What was asked for has been given up, as somebody wanted" },
  ERR_DONE: { status: 409, meaning: "It is too late to give that up: it has been done" },
  ERR_EXISTS: { status: 409, meaning: "There is one of that name already" },
  ERR_NO_METADATA: { status: 409, meaning: "The file list is not known yet" },
  ERR_TOO_MANY: { status: 409, meaning: "There are as many of these as there may be" },
  ERR_DUPLICATE_TORRENT: { status: 409 },
  ERR_FILE_EXISTS: { status: 409 },
  ERR_FILE_CHANGED: { status: 409 },
  ERR_FILES_MISSING: { status: 409 },
  ERR_LOCKED: { status: 409 },
  ERR_CONTENT_TYPE: { status: 415, meaning: "The body is not JSON, or does not say so" },
  ERR_HOST: { status: 421, meaning: "The daemon was called by a name that it does not know as its own" },
  ERR_DISK: { status: 500 },
  ERR_INTERNAL: { status: 500, meaning: "A fault in shoal itself" },
  ERR_HTTP: { status: 502 },
  ERR_CLOSED: { status: 503 },
  ERR_NO_SPACE: { status: 507 },
} as const satisfies Readonly<Record<string, ApiErrorEntry>>;

export type ApiErrorCode = keyof typeof API_ERROR_TABLE;
