import type { RpcArguments } from "./request.ts";

/** What a method answers when it could not do what it was asked: the reason, in the words that programs know where there are some. */
export class RpcError extends Error {
  /** Goes with the answer all the same. */
  readonly args: RpcArguments;

  constructor(message: string, args: RpcArguments = {}) {
    super(message);
    this.name = "RpcError";
    this.args = args;
  }
}
