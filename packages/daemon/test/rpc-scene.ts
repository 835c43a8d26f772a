import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createTorrent } from "@shoal/engine";
import type { SettingValues } from "@shoal/schema/settings";
import { poll } from "@shoal/testkit";
import type { Daemon } from "../dist/index.js";
import { RpcClient } from "./rpc-client.js";
import { Scene } from "./scene.js";

export interface RpcScene {
  readonly scene: Scene;
  readonly daemon: Daemon;
  /** May control. */
  readonly rpc: RpcClient;
  /** A client whose token has another scope. */
  readonly client: (scope: "read" | "control" | "admin") => Promise<RpcClient>;
}

/** A node that programs drive by Transmission's RPC. */
export async function openRpcScene(t: TestContext, flags: Partial<SettingValues> = {}): Promise<RpcScene> {
  const scene = new Scene(t, {}, flags);
  mkdirSync(scene.downloadDir, { recursive: true });
  const daemon = await scene.start();
  const client = async (scope: "read" | "control" | "admin"): Promise<RpcClient> => {
    const { secret } = await daemon.node.tokens.create(scope, scope);
    return new RpcClient(daemon.ui.port, scope, secret);
  };
  return { scene, daemon, rpc: await client("control"), client };
}

/** A folder with three files and its .torrent file in base64, v1, under the name given; `there`: in the download folder, else beside it. */
export async function makeTorrent(
  scene: Scene,
  name: string,
  there: boolean,
  trackers: readonly string[] = [],
): Promise<{ readonly metainfo: string; readonly hash: string; readonly bytes: Uint8Array }> {
  const folder = join(there ? scene.downloadDir : scene.dir, name);
  mkdirSync(join(folder, "sub"), { recursive: true });
  writeFileSync(join(folder, "a.mkv"), Buffer.alloc(200_000, name));
  writeFileSync(join(folder, "b.txt"), Buffer.alloc(20_000, `b${name}`));
  writeFileSync(join(folder, "sub", "c.srt"), Buffer.alloc(5_000, `c${name}`));
  const tiers = trackers.map((url) => [url]);
  const options = { kind: "v1", pieceLength: 16_384, trackers: tiers } as const;
  const { bytes, metainfo } = await createTorrent(folder, options);
  const hash = Buffer.from(metainfo.infoHashes.v1!).toString("hex");
  return { metainfo: Buffer.from(bytes).toString("base64"), hash, bytes };
}

/** Waits until a torrent has the status. */
export function untilStatus(rpc: RpcClient, id: number, status: number): Promise<Record<string, unknown>> {
  return poll(`torrent ${id} has status ${status}`, async () => {
    const [torrent] = await rpc.torrents(["status", "leftUntilDone", "errorString"], [id]);
    return torrent?.["status"] === status ? torrent : null;
  });
}
