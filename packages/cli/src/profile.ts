import type { Profile } from "@shoal/daemon";

import type { Context } from "./context.ts";
import { usageError } from "./errors.ts";
import { stateDir } from "./paths.ts";
import { clean } from "./ui/clean.ts";

/** The profile of that name, or the one that SHOAL_PROFILE names, or the default one. Throws ERR_USAGE. */
export async function profileOf(context: Context, name: string | null): Promise<Profile> {
  const { DEFAULT_PROFILE, isProfileName, profilePaths } = await import("@shoal/daemon/profile");
  const chosen = name ?? context.env["SHOAL_PROFILE"] ?? DEFAULT_PROFILE;
  if (!isProfileName(chosen)) {
    throw usageError(
      `"${clean(chosen)}" can't be the name of a profile`,
      "Use letters, digits, - and _, at most 32 of them.",
    );
  }
  const { env, home, platform } = context;
  return profilePaths(chosen, { env, home, platform, stateDir: stateDir(context) });
}
