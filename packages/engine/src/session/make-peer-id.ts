import { utf8 } from "../base/bytes.ts";

/** "-SH0100-" and twelve random letters and digits (BEP 20). */
export function makePeerId(prefix: string, random: Uint8Array): Uint8Array {
  const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const tail = Array.from(random, (byte) => alphabet[byte % alphabet.length]).join("");
  return utf8(`-${prefix}-${tail}`);
}
