import type { Session } from "../session/session.ts";
import type { SessionOptions } from "./options.ts";

/**
 * Starts a session on this machine's network and disk, and listens unless told not to. Throws ERR_PORT_IN_USE, ERR_LISTEN and
 * ERR_INVALID_ARGUMENT. End it with `session.close()`.
 */
export async function createSession(
  options: Partial<SessionOptions> & { readonly stateDir: string },
): Promise<Session> {
  // Most of the engine, loaded by the first call: what only makes or reads torrents starts without it.
  const { composeSession } = await import("./compose-session.ts");
  return composeSession(options);
}
