import { ApiError } from "@shoal/server";

/** The words of a list with commas. Throws ApiError ERR_VALIDATION for one that is none of `known`. */
export function chooseWords<T extends string>(
  what: string,
  text: string | undefined,
  known: readonly T[],
): T[] {
  const words = (text ?? "").split(",").filter((word) => word !== "");
  for (const word of words) {
    if (!(known as readonly string[]).includes(word)) {
      const message = `${JSON.stringify(word)} is none of the ${what}`;
      throw new ApiError(400, "ERR_VALIDATION", message, `There are ${known.join(", ")}.`);
    }
  }
  return words as T[];
}
