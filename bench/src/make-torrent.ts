import { readTorrent, runToEnd, shoalProgram, whyLacking } from "@shoal/testkit";
import type { TorrentFacts, TorrentKind } from "@shoal/testkit";
import { startLibtorrent } from "./clients/libtorrent.ts";
import { withStage } from "./scene.ts";

/** Makes the .torrent that all contenders use: with libtorrent when it is there, else with our own program. */
export async function makeTorrent(
  path: string,
  output: string,
  kind: TorrentKind,
  pieceLength: number,
): Promise<TorrentFacts> {
  if (whyLacking(["libtorrent"]) === null) {
    await withStage("torrent", async (stage) => {
      const driver = await startLibtorrent(stage, "tuned");
      await driver.call("create", { path, output, kind, pieceLength });
    });
  } else {
    const words = ["torrent", "create", path, "-o", output, `--${kind}`, "--piece-size", String(pieceLength)];
    await runToEnd({ name: "shoal", command: process.execPath, args: [shoalProgram(), ...words] }, 120_000);
  }
  return readTorrent(output);
}
