import type { GoldenCall } from "./golden-calls.ts";
import type { RemoteDaemon } from "./remote.ts";

/** Values that differ from one daemon or moment to the next: their kind is compared. */
const VOLATILE = new Set(
  (
    "activityDate addedDate downloadDir torrentFile lastAnnounceStartTime lastAnnounceTime lastScrapeStartTime lastScrapeTime " +
    "nextAnnounceTime nextScrapeTime lastScrapeResult scrapeState announceState isBackup"
  ).split(" "),
);
/** Numbers that nobody has set: each program begins with its own. */
const OWN_DEFAULTS = new Set(["peer-limit", "maxConnectedPeers"]);

type Answer = Readonly<Record<string, unknown>>;

/** What is compared of an answer. */
function maskedAnswer({ method, arguments: args = {} }: GoldenCall, answer: Answer): unknown {
  const isWhole = method === "session-stats" || (method === "session-get" && !("fields" in args));
  return masked(answer, isWhole, "");
}

function masked(value: unknown, everything: boolean, name: string): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => masked(one, everything, name));
  if (typeof value === "object" && value !== null) {
    const all = everything && name !== "units";
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== "tag")
        .map(([key, one]) => [key, masked(one, all && key !== "result", key)])
        .concat("tag" in value ? [["tag", value.tag]] : []),
    );
  }
  const isDefault = OWN_DEFAULTS.has(name) && typeof value === "number" && value >= 50;
  if (!everything && !VOLATILE.has(name) && !isDefault) return value;
  return typeof value === "number" && Number.isInteger(value) ? "<integer>" : `<${typeof value}>`;
}

/** Where `ours` is not as `theirs`; what ours has besides is of later versions, and is passed over. */
export function differences(theirs: unknown, ours: unknown, path: string): string[] {
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    if (theirs.length !== ours.length) return [`${path}: ${theirs.length} there, ${ours.length} here`];
    return theirs.flatMap((one, i) => differences(one, ours[i], `${path}[${i}]`));
  }
  if (isObject(theirs) && isObject(ours))
    return Object.entries(theirs).flatMap(([key, one]) => differences(one, ours[key], `${path}.${key}`));
  const isSame = theirs === ours || (isReal(theirs) && isReal(ours));
  return isSame ? [] : [`${path}: ${JSON.stringify(theirs)} there, ${JSON.stringify(ours)} here`];
}

/** Fractions may be whole by chance. */
function isReal(value: unknown): boolean {
  return value === "<integer>" || value === "<number>";
}

function isObject(value: unknown): value is Answer {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Makes the calls one after the other; each answer as it is compared. */
export async function answersOf(daemon: RemoteDaemon, calls: readonly GoldenCall[]): Promise<unknown[]> {
  const url = `http://127.0.0.1:${daemon.port}/transmission/rpc`;
  const authorization = `Basic ${Buffer.from(`${daemon.user}:${daemon.password}`).toString("base64")}`;
  const refused = await fetch(url, { headers: { authorization } });
  const session = refused.headers.get("x-transmission-session-id") ?? "";
  const ask = async (call: GoldenCall): Promise<Answer> => {
    const headers = { authorization, "x-transmission-session-id": session };
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(call) });
    return (await answer.json()) as Answer;
  };
  const answers: unknown[] = [];
  for (const call of calls) {
    answers.push(maskedAnswer(call, await ask(call)));
    if (call.method === "torrent-add") await untilStopped(ask);
  }
  return answers;
}

/** What was added is looked at first. */
async function untilStopped(ask: (call: GoldenCall) => Promise<Answer>): Promise<void> {
  for (;;) {
    const answer = await ask({ method: "torrent-get", arguments: { fields: ["status"] } });
    const { torrents } = answer["arguments"] as { readonly torrents: readonly { readonly status: number }[] };
    if (torrents.every(({ status }) => status === 0)) return;
  }
}
