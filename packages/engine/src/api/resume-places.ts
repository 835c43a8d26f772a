import { toHex } from "../base/bytes.ts";
import { ResumeState } from "../core/resume.ts";
import { primaryKey } from "../meta/info-hash.ts";
import { NodeStore } from "../node/store.ts";

/**
 * In which folder (absolute) the files of each torrent lie of which the state folder has resume data, by the hex of its primary info-hash: for
 * programs that have lost their own list. Nothing is changed. Throws ERR_DISK.
 */
export async function resumePlaces(stateDir: string): Promise<Map<string, string>> {
  const store = new NodeStore(stateDir);
  const places = new Map<string, string>();
  for (const key of await store.list()) {
    const state = ResumeState.load(await store.peek(key), store.bootId);
    if (state === null || state.place === null) continue;
    const { v1, v2 } = state.about;
    places.set(primaryKey(state.about), state.place.root);
    // What knew only one of a hybrid's info-hashes is found by either.
    if (v1 !== null && v2 !== null) places.set(toHex(v2).slice(0, 40), state.place.root);
  }
  return places;
}
