import type { Profile } from "../profile.ts";
import type { Settings } from "../settings/settings.ts";
import type { FileRights } from "./checks/files.ts";
import type { FolderFacts } from "./checks/disk.ts";

type Folder = Pick<FolderFacts, "use" | "path" | "reserve">;

/** The folders that a node writes to. `downloads`: where what is asked about lies. */
export function foldersOf(profile: Profile, settings: Settings, downloads: string): Folder[] {
  const reserve = settings.get("downloads.reserve");
  const incomplete = settings.get("downloads.incompleteDir");
  return [
    { use: "downloads", path: downloads, reserve },
    ...(incomplete === null ? [] : [{ use: "unfinished downloads", path: incomplete, reserve }]),
    { use: "state", path: profile.stateDir, reserve: 0 },
  ];
}

/** The database is safe in its folder. What the configuration says others may read, unless there is a password in it; not change. */
export function rightsOf(profile: Profile, settings: Settings): Omit<FileRights, "mode">[] {
  const hasPassword = settings.get("network.proxy")?.includes("@") === true;
  const config = profile.configFiles.map((path) => ({ path, allowed: hasPassword ? 0o600 : 0o644 }));
  const { stateDir, identityFile, socket } = profile;
  return [
    { path: stateDir, allowed: 0o700 },
    { path: identityFile, allowed: 0o600 },
    { path: socket, allowed: 0o600 },
    ...config,
  ];
}
