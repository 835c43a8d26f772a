/** A key or a peer id that can't be used: one sentence that says why. */
export class IdentityError extends Error {
  override readonly name = "IdentityError";
  readonly code: "ERR_IDENTITY" | "ERR_PEER_ID";

  constructor(code: "ERR_IDENTITY" | "ERR_PEER_ID", message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}
