import type { Log } from "@shoal/engine";
import { type Database, openDatabase } from "@shoal/server";
import type { Profile } from "../profile.ts";
import { MIGRATIONS } from "./migrations.ts";
import { salvageTransfers } from "./salvage.ts";
import { diskTrouble } from "./disk-trouble.ts";
import type { Tables } from "./tables.ts";

export interface StatePlace {
  readonly profile: Profile;
  /** For torrents of which nothing but the .torrent file is left. */
  readonly downloadDir: string;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The node's database, and what people have to be told of it. */
export interface OpenedState {
  readonly database: Database<Tables>;
  readonly trouble: string | null;
}

/** Opens the database of a profile; a damaged one is set aside, and what can be known of transfers without it is taken up. Throws ERR_NO_SPACE, ERR_DISK, and what `openDatabase` throws. */
export async function openState({ profile, downloadDir, log, now }: StatePlace): Promise<OpenedState> {
  const { databaseFile, stateDir, torrentsDir } = profile;
  let damage: { aside: string; why: string } | null = null as { aside: string; why: string } | null;
  const database = await openDatabase<Tables>(databaseFile, MIGRATIONS, (aside, why) => {
    damage = { aside, why };
  }).catch((error: unknown) => {
    throw diskTrouble(error) ?? error;
  });
  if (damage === null) return { database, trouble: null };
  const transfers = await salvageTransfers({ database, stateDir, torrentsDir, downloadDir, log, now });
  log.warn("the database was damaged", { ...damage, transfers });
  const trouble = `The database was damaged (${damage.why}) and set aside as ${damage.aside}; ${transfers} transfers were taken up again, without labels and history`;
  return { database, trouble };
}
