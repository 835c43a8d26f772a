import type { TokenRecord, Tokens } from "./tokens.ts";

/** The token whose name and secret are the user and password of a Basic `Authorization` header; null for anything else. */
export function tokenOfBasic(header: string | undefined, tokens: Tokens): TokenRecord | null {
  const match = /^Basic ([A-Za-z0-9+/=]{1,1000})$/i.exec(header ?? "");
  if (match === null) return null;
  const [name, ...secret] = Buffer.from(match[1]!, "base64").toString("utf8").split(":");
  const token = tokens.check(secret.join(":"));
  return token !== null && token.name === name ? token : null;
}
