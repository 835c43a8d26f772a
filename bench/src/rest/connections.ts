import { FakeConnection, handshake, MESSAGE, poll, readTorrent, words } from "@shoal/testkit";
import type { Child, TorrentFacts } from "@shoal/testkit";
import { createTorrent } from "@shoal/engine";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Options } from "../options.ts";
import { writeBigFile } from "../payload.ts";
import { note, saveResults } from "../report.ts";
import { withStage } from "../scene.ts";
import { formatNumber, formatTable } from "../table.ts";
import type { ConnectionsMeasured } from "./measured-session.ts";

const SIZE = 64 * 2 ** 20;
const PIECE = 262_144;
const CONNECTIONS = 500;
/** Blocks that each peer asks for without being served: what waits for its turn. */
const REQUESTS = 250;

interface ConnectionsRow extends ConnectionsMeasured {
  readonly doing: string;
}

/** What connections take of the memory of a session, the socket and all. */
export async function runConnections(options: Options): Promise<readonly ConnectionsRow[]> {
  const rows = await withStage("connections", async (stage) => {
    const folder = stage.folder("data");
    const path = join(folder, "shared");
    await writeBigFile(path, SIZE, 1);
    const { bytes } = await createTorrent(path, { kind: "v1", pieceLength: PIECE });
    await writeFile(`${path}.torrent`, bytes);
    const program = fileURLToPath(new URL("measured-session.js", import.meta.url));
    const args = [program, "connections", `${path}.torrent`, folder];
    const child = stage.spawn({ name: "session", command: process.execPath, args });
    const { port } = await answer<{ port: number }>(child);
    const peers = await joinAll(port, readTorrent(`${path}.torrent`));
    const idle = await measure(child);
    for (const peer of peers) {
      peer.say(MESSAGE.interested);
      for (let i = 0; i < REQUESTS; i++) peer.request(i, 0, 16_384);
      // What it gets stays unread, so that the rest of its requests waits.
      peer.pauseReading();
    }
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const busy = await measure(child);
    for (const peer of peers) peer.reset();
    child.endInput();
    await child.exited;
    return [
      { doing: "nothing", ...idle },
      { doing: `${REQUESTS} requests each`, ...busy },
    ];
  });
  await saveResults(options, { bench: "connections", size: SIZE, pieceLength: PIECE }, rows);
  note(`\n${table(rows)}\n`);
  return rows;
}

async function joinAll(port: number, torrent: TorrentFacts): Promise<FakeConnection[]> {
  const peers: FakeConnection[] = [];
  let greeted = 0;
  const sink = { onHandshake: () => void greeted++, onMessage: () => {}, onClosed: () => {} };
  for (let i = 0; i < CONNECTIONS; i++) {
    const peer = new FakeConnection(connect({ host: "127.0.0.1", port }), sink);
    const id = Buffer.from(`-RAW000-${String(i).padStart(12, "0")}`);
    peer.raw(handshake(torrent.wireHash, id, { fast: true }));
    peer.say(MESSAGE.haveNone);
    peer.say(MESSAGE.have, words(0));
    peers.push(peer);
  }
  await poll("all are greeted", () => greeted === CONNECTIONS, { within: 60_000 });
  return peers;
}

function measure(child: Child): Promise<ConnectionsMeasured> {
  const answered = answer<ConnectionsMeasured>(child);
  child.write("\n");
  return answered;
}

/** The next line that the program says. */
function answer<T>(child: Child): Promise<T> {
  return new Promise((resolve, reject) => {
    child.onLine((line, from) => {
      if (from === "stdout" && line.startsWith("{")) resolve(JSON.parse(line) as T);
    });
    void child.exited.then(() => reject(new Error(`${child.name} ended\n${child.log}`)));
  });
}

function table(rows: readonly ConnectionsRow[]): string {
  const right = (title: string): { title: string; right: true } => ({ title, right: true });
  return formatTable(
    [{ title: "connections doing" }, right("number"), right("KiB each"), right("resident KiB each")],
    rows.map(({ doing, connections, memoryBytes, rssBytes }) => [
      doing,
      String(connections),
      formatNumber(memoryBytes / connections / 1_024),
      formatNumber(rssBytes / connections / 1_024),
    ]),
  );
}
