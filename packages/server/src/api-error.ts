import type { ErrorBody } from "@shoal/schema";

/** An answer that is an error: what, why, and what to do. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly advice: string | null;

  constructor(status: number, code: string, message: string, advice: string | null = null, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.advice = advice;
  }
}

export function errorBody({
  code,
  message,
  advice,
}: Pick<ApiError, "code" | "message" | "advice">): ErrorBody {
  return { error: { code, message, ...(advice === null ? {} : { advice }) } };
}
