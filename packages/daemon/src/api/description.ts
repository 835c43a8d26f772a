import type { ApiDescription } from "@shoal/server";

/** What the API says of itself. */
export function describe(version: string): ApiDescription {
  return {
    title: "Shoal",
    version,
    description:
      "The API of a running node. Bytes, bytes a second and milliseconds are whole numbers, times are RFC 3339 in UTC, unknown is null. Send `Authorization: Bearer TOKEN`; make a token with `shoal token new --for NAME`. Errors have a stable code, a sentence, and advice where something can be done.",
    tags: [
      { name: "torrents", description: "Transfers: what there is, adding, and all that is done to one." },
      { name: "labels", description: "Names under which transfers are kept together." },
      { name: "shares", description: "Files and folders that are made into torrents." },
      { name: "labels", description: "Names for groups of transfers, with folders and goals of their own." },
      { name: "files", description: "Files by their ids, whatever torrent they are in." },
      { name: "events", description: "What changes, as it changes." },
      { name: "history", description: "What was, and how much." },
      { name: "settings", description: "What can be set for all." },
      { name: "node", description: "The node itself." },
      { name: "tokens", description: "Who gets in." },
    ],
  };
}
