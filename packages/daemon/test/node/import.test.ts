import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createTorrent } from "@shoal/engine";
import type { ImportReport, Torrent } from "@shoal/schema";
import { freePort, poll } from "@shoal/testkit";
import { readLibtorrent, readTransmission } from "../../dist/import/read-resume.js";
import { Scene } from "../scene.js";

const PYTHON = "/usr/bin/python3";
const TEXT = "some data ".repeat(50_000);

/** Writes real resume data with libtorrent: with a priority for each file. */
const SCRIPT = `
import sys, time, libtorrent as lt
torrent, folder, out = sys.argv[1:]
session = lt.session({"listen_interfaces": "127.0.0.1:0", "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False, "alert_mask": lt.alert.category_t.all_categories})
params = lt.add_torrent_params()
params.ti = lt.torrent_info(torrent)
params.save_path = folder
handle = session.add_torrent(params)
end = time.time() + 20
while time.time() < end and not (handle.status().is_seeding or handle.status().is_finished): time.sleep(0.05)
handle.prioritize_files([4, 1, 7])
handle.set_download_limit(50000)
handle.unset_flags(lt.torrent_flags.auto_managed)
handle.pause()
time.sleep(0.3)
handle.save_resume_data(lt.torrent_handle.save_info_dict | lt.torrent_handle.flush_disk_cache)
while time.time() < end:
    for alert in session.pop_alerts():
        if isinstance(alert, lt.save_resume_data_alert):
            open(out, "wb").write(lt.write_resume_data_buf(alert.params))
            sys.exit(0)
    time.sleep(0.05)
sys.exit(1)
`;

interface Foreign {
  readonly folder: string;
  readonly torrentFile: string;
}

/** A torrent of three files whose data lies where the other program has it. */
async function foreignData(scene: Scene): Promise<Foreign> {
  const folder = join(scene.dir, "elsewhere");
  mkdirSync(join(folder, "Album"), { recursive: true });
  for (const name of ["a", "b", "c"]) writeFileSync(join(folder, "Album", name), `${name} ${TEXT}`);
  const { bytes } = await createTorrent(join(folder, "Album"), { kind: "v1", pieceLength: 16_384 });
  const torrentFile = join(scene.dir, "Album.torrent");
  writeFileSync(torrentFile, bytes);
  return { folder, torrentFile };
}

async function imported(scene: Scene, body: object): Promise<ImportReport["torrents"]> {
  const answer = await scene.call("POST", "/imports", body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body["torrents"] as ImportReport["torrents"];
}

function torrent(scene: Scene, isReady: (torrent: Torrent) => boolean): Promise<Torrent> {
  return poll("the torrent is as expected", async () => {
    const { body } = await scene.call("GET", "/torrents/1");
    const found = body as unknown as Torrent;
    return isReady(found) && found;
  });
}

describe("imports", () => {
  test("libtorrent's own resume data: folder, priorities, limits and what is there", async (t) => {
    if (spawnSync(PYTHON, ["-c", "import libtorrent"]).status !== 0) {
      t.skip("python3-libtorrent is not installed");
      return;
    }
    const scene = new Scene(t);
    const { folder, torrentFile } = await foreignData(scene);
    const dir = join(scene.dir, "BT_backup");
    mkdirSync(dir);
    writeFileSync(join(dir, "1234.torrent"), readFileSync(torrentFile));
    execFileSync(PYTHON, ["-c", SCRIPT, torrentFile, folder, join(dir, "1234.fastresume")]);
    await scene.start();
    const dry = await imported(scene, { kind: "qbittorrent", dir, dryRun: true });
    assert.deepEqual(
      dry.map(({ outcome, downloadDir }) => [outcome, downloadDir]),
      [["would-add", folder]],
    );
    const [line] = await imported(scene, { kind: "libtorrent", dir, verify: "sample" });
    assert.deepEqual([line?.outcome, line?.torrentId, line?.name], ["added", 1, "Album"]);
    const paused = await torrent(scene, ({ state }) => state === "paused");
    assert.equal(paused.downloadDir, folder);
    const { files } = (await scene.call("GET", "/torrents/1/files")).body as {
      files: { priority: number; have: number; size: number }[];
    };
    assert.deepEqual(
      files.map(({ priority }) => priority),
      [4, 1, 7],
    );
    await scene.call("POST", "/torrents/1/resume", {});
    await torrent(scene, ({ state, have, wanted }) => state !== "checking" && have === wanted && have > 0);
    assert.equal((await imported(scene, { kind: "libtorrent", dir }))[0]?.outcome, "known");
  });

  test("transmission's own resume data", async (t) => {
    if (spawnSync("transmission-daemon", ["--version"]).error !== undefined) {
      t.skip("transmission-daemon is not installed");
      return;
    }
    const scene = new Scene(t);
    const { folder, torrentFile } = await foreignData(scene);
    const config = join(scene.dir, "transmission");
    mkdirSync(config);
    const rpc = await freePort();
    const settings = {
      "bind-address-ipv4": "127.0.0.1",
      "bind-address-ipv6": "::1",
      "dht-enabled": false,
      "lpd-enabled": false,
      "port-forwarding-enabled": false,
      "peer-port": await freePort(),
      "rpc-bind-address": "127.0.0.1",
      "rpc-port": rpc,
      "rpc-whitelist-enabled": false,
      "utp-enabled": false,
    };
    writeFileSync(join(config, "settings.json"), JSON.stringify(settings));
    const child = spawn("transmission-daemon", ["--foreground", "--config-dir", config], { stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    t.after(() => child.kill("SIGKILL"));
    const remote = (...args: string[]): string =>
      String(spawnSync("transmission-remote", [`127.0.0.1:${rpc}`, ...args], { encoding: "utf8" }).stdout);
    await poll("it answers", () => remote("-si").includes("VERSION"));
    remote("-w", folder, "-a", torrentFile);
    await poll("it is checked", () => remote("-t", "1", "-i").includes("Percent Done: 100%"));
    remote("-t", "1", "-pl", "1", "-sr", "3.5", "-L", "music");
    remote("-t", "1", "-S");
    await poll("it is stopped", () => remote("-t", "1", "-i").includes("State: Stopped"));
    child.kill("SIGTERM");
    await ended;
    assert.ok(existsSync(join(config, "resume")), readdirSync(config).join());
    await scene.start();
    const [line] = await imported(scene, { kind: "transmission", dir: config });
    assert.deepEqual([line?.outcome, line?.downloadDir, line?.message], ["added", folder, null]);
    const found = await torrent(scene, ({ state }) => state === "paused");
    assert.deepEqual([found.goals.ratio, found.labels], [3.5, ["music"]]);
    const { files } = (await scene.call("GET", "/torrents/1/files")).body as {
      files: { priority: number }[];
    };
    assert.deepEqual(
      files.map(({ priority }) => priority),
      [4, 1, 4],
    );
    await scene.call("POST", "/torrents/1/resume", {});
    await torrent(scene, ({ state, have, wanted }) => state !== "checking" && have === wanted && have > 0);
  });

  test("claims that are wrong are found out, and nothing of the files is lost", async (t) => {
    const scene = new Scene(t);
    const { folder, torrentFile } = await foreignData(scene);
    const dir = join(scene.dir, "resume");
    mkdirSync(dir);
    writeFileSync(join(dir, "x.torrent"), readFileSync(torrentFile));
    const save = `9:save_path${Buffer.byteLength(folder)}:${folder}`;
    const pieces = Math.ceil((3 * (TEXT.length + 2)) / 16_384);
    writeFileSync(join(dir, "x.resume"), `d6:pausedi0e6:pieces${pieces}:${"\u0001".repeat(pieces)}${save}e`);
    writeFileSync(join(folder, "Album", "b"), `! ${TEXT}`);
    await scene.start();
    await imported(scene, { kind: "libtorrent", dir });
    const found = await torrent(scene, ({ state, have }) => state === "downloading" && have > 0);
    assert.ok(found.wanted - found.have <= 2 * 16_384, `${found.have} of ${found.wanted}`);
    assert.ok(readFileSync(join(folder, "Album", "c"), "utf8").endsWith(TEXT));
  });

  test("what is broken is told of each, and the others are taken over", async (t) => {
    const scene = new Scene(t);
    const { folder, torrentFile } = await foreignData(scene);
    const dir = join(scene.dir, "resume");
    mkdirSync(dir);
    const resumes: Record<string, string> = {
      bad: "no resume data",
      nowhere: "de",
      relative: "d9:save_path4:heree",
      renamed: `d12:mapped_filesl1:xe9:save_path${Buffer.byteLength(folder)}:${folder}e`,
      right: `d9:save_path${Buffer.byteLength(folder)}:${folder}e`,
    };
    for (const [name, text] of Object.entries(resumes)) {
      writeFileSync(join(dir, `${name}.torrent`), readFileSync(torrentFile));
      writeFileSync(join(dir, `${name}.fastresume`), text);
    }
    writeFileSync(join(dir, "alone.torrent"), "");
    writeFileSync(join(dir, "torrentless.fastresume"), "de");
    await scene.start();
    const lines = await imported(scene, { kind: "libtorrent", dir });
    assert.deepEqual(
      lines.map(({ file, outcome }) => [file, outcome]),
      [
        ["bad.torrent", "failed"],
        ["nowhere.torrent", "failed"],
        ["relative.torrent", "failed"],
        ["renamed.torrent", "failed"],
        ["right.torrent", "added"],
      ],
    );
    assert.match(lines[1]!.message!, /does not say where the files are/);
    assert.match(lines[2]!.message!, /"here" is no absolute path/);
    assert.equal((await scene.call("POST", "/imports", { kind: "libtorrent", dir: folder })).status, 404);
    assert.equal((await scene.call("POST", "/imports", { kind: "libtorrent", dir: "here" })).status, 400);
    assert.equal((await scene.call("POST", "/imports", { kind: "utorrent", dir })).status, 400);
  });

  test("values of other kinds than they should have are passed over", () => {
    const odd = new TextEncoder().encode(
      "d10:added_timei-5e13:file_priorityi7e6:labelsd1:ai1ee6:pausedl1:xe6:piecesi3e12:qBt-categoryi1e14:qBt-ratioLimiti-1000e9:save_path2:/x8:trackersl3:abcli1eee4:dndli9ei1eee",
    );
    assert.throws(() => readLibtorrent(odd.subarray(0, 20)));
    const text =
      "d10:added_timei-5e13:file_priorityi7e6:pausedl1:xe6:piecesi3e12:qBt-categoryi1e14:qBt-ratioLimiti-1000e9:save_path2:/x8:trackersl3:abcli1eeee";
    const read = readLibtorrent(new TextEncoder().encode(text));
    assert.deepEqual(
      [read.downloadDir, read.addedAt, read.priorities, read.paused, read.pieces, read.ratio, read.trackers],
      ["/x", null, null, false, null, "never", []],
    );
    const other = readTransmission(
      new TextEncoder().encode("d11:destination2:/x3:dndli1ei9ee8:progressi1e11:ratio-limiti1ee"),
    );
    assert.deepEqual([other.complete, other.priorities, other.ratio], [false, [0, 4], null]);
  });
});
