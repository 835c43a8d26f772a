export { type Daemon, type DaemonOptions, startDaemon } from "./daemon.ts";
export { DEFAULT_PROFILE, isProfileName, type Profile, profilePaths, type ProfilePlace } from "./profile.ts";
export type { NodeOptions } from "./node-parts.ts";
export type { ShoalNode } from "./shoal-node.ts";
