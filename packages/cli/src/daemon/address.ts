import { readFile } from "node:fs/promises";

import type { Context } from "../context.ts";
import { CliError, fileSystemError, usageError } from "../errors.ts";
import { profileOf } from "../profile.ts";
import { clean } from "../ui/clean.ts";
import { userPath } from "../paths.ts";

/** Where a daemon is spoken to. */
export type DaemonAddress =
  /** Of this user, on this computer: who may open the socket may do everything. */
  | { readonly type: "socket"; readonly path: string }
  /** Anywhere; `token` is the secret that opens the door there, null where none was named. */
  | { readonly type: "url"; readonly url: URL; readonly token: string | null };

/** What --daemon and --token-file say (`SHOAL_DAEMON`, `SHOAL_TOKEN_FILE`), or else the socket of the profile. Throws ERR_USAGE and ERR_FILE_NOT_FOUND. */
export async function daemonAddress(context: Context): Promise<DaemonAddress> {
  const place = context.env["SHOAL_DAEMON"] ?? "";
  if (place === "") return { type: "socket", path: (await profileOf(context, null)).socket };
  const url = URL.canParse(place) ? new URL(place) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw usageError(
      `--daemon ${clean(place)} is not the address of a daemon`,
      "Write it as http://HOST:8420.",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw usageError(
      "A password in --daemon can be read by others on this computer",
      "Put it into a file, and name that with --token-file.",
    );
  }
  return { type: "url", url, token: await readToken(context) };
}

/** The address for people. */
export function shownAddress(address: DaemonAddress): string {
  return clean(address.type === "socket" ? address.path : address.url.origin);
}

async function readToken(context: Context): Promise<string | null> {
  const file = context.env["SHOAL_TOKEN_FILE"] ?? "";
  if (file === "") return null;
  const text = await readFile(userPath(context, file), "utf8").catch((error: unknown) => {
    throw fileSystemError(error, file);
  });
  const token = text.trim();
  if (!/^[\x21-\x7e]{1,200}$/.test(token)) {
    throw new CliError(
      "ERR_UNAUTHORIZED",
      `${clean(file)} holds no token`,
      "It must hold nothing but the password that shoal token new has shown.",
    );
  }
  return token;
}
