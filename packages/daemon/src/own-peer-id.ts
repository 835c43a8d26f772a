import { Identity } from "@shoal/network";
import type { Profile } from "./profile.ts";

/** By which others know the node of a profile, whether it runs or not; null before its first start. Throws ERR_IDENTITY. */
export async function ownPeerId({ identityFile }: Profile): Promise<string | null> {
  return (await Identity.find(identityFile))?.peerId ?? null;
}
