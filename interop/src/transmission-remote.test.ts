// Debian's transmission-remote prints of us what it prints of transmission-daemon, but for names, times and numbers that nobody has set.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { lacks, mktorrent, openStage, type Stage, writePayload } from "@shoal/testkit";
import { masked } from "./rpc/masks.ts";
import { optionsOf, RemoteDaemon } from "./rpc/remote.ts";
import { OWN_ANSWERS, STEPS } from "./rpc/steps.ts";

const needs = ["transmission", "mktorrent"] as const;
const skip = lacks(...needs);
const TIMEOUT_MS = 300_000;

/** Two torrents of a tracker that is not there, and a file that is none. Returns where they lie. */
async function prepare(stage: Stage, daemons: readonly RemoteDaemon[]): Promise<string> {
  const dir = stage.folder("torrents");
  const film = {
    name: "film",
    seed: 1,
    files: { "a.mkv": 3_000_000, "sub/b.txt": 100_000, "ü.srt": 70_000 },
  };
  const other = { name: "other", seed: 2, files: { "x.bin": 900_000, "y.nfo": 5_000 } };
  for (const spec of [film, other]) {
    const { path, name } = await writePayload(stage.folder("data"), spec);
    const output = join(dir, `${name}.torrent`);
    await mktorrent({ path, output, pieceLength: 32_768, tracker: "http://127.0.0.1:9/announce" });
    if (name === "film") for (const daemon of daemons) await daemon.put(path, name);
  }
  await writeFile(join(dir, "broken.torrent"), "d4:infode");
  return dir;
}

/** Lines that one has and the other has not; all of them where only their order or number differs. */
function difference(theirs: string, ours: string): string[] {
  const [left, right] = [theirs.split("\n"), ours.split("\n")];
  const more = left.filter((line) => !right.includes(line));
  const less = right.filter((line) => !left.includes(line));
  const [those, these] = more.length + less.length === 0 ? [left, right] : [more, less];
  return [...those.map((line) => `theirs: ${line}`), ...these.map((line) => `ours:   ${line}`)];
}

describe("transmission-remote", { skip }, () => {
  test("prints of us what it prints of Transmission", { timeout: TIMEOUT_MS }, async (t) => {
    const stage = openStage(t, { needs });
    const daemons = await Promise.all([RemoteDaemon.transmission(stage), RemoteDaemon.shoal(stage)]);
    const torrents = await prepare(stage, daemons);
    const differences: string[] = [];
    for (const step of STEPS) {
      if ("settle" in step) await Promise.all(daemons.map((daemon) => daemon.settle()));
      else if ("untilListed" in step)
        await Promise.all(daemons.map((daemon) => daemon.lists(step.untilListed)));
      else {
        const args = step.run.map((word) => (/^[a-z]+\.torrent$/.test(word) ? join(torrents, word) : word));
        const [theirs, ours] = await Promise.all(
          daemons.map(async (daemon) => {
            const { code, text } = await daemon.remote(...args);
            return `${masked(text, daemon.folder)}(${code})`;
          }),
        );
        if (theirs !== ours)
          differences.push([`$ ${step.run.join(" ")}`, ...difference(theirs!, ours!)].join("\n"));
      }
    }
    assert.equal(differences.join("\n\n"), "");
  });

  test("gets an answer of us to all its other options", { timeout: TIMEOUT_MS }, async (t) => {
    const stage = openStage(t, { needs });
    const daemon = await RemoteDaemon.shoal(stage);
    const torrents = await prepare(stage, [daemon]);
    await daemon.remote("-a", join(torrents, "film.torrent"));
    for (const [args, expected] of OWN_ANSWERS)
      assert.match(
        (await daemon.remote(...args)).text.replace(/^.*responded: /, ""),
        expected,
        args.join(" "),
      );
    assert.match((await daemon.remote("-b", "-t", "all", "-l")).text, /"torrents"/);
  });

  test(
    "signs in by an argument, the environment and a .netrc file, and not with a wrong password",
    { timeout: TIMEOUT_MS },
    async (t) => {
      const stage = openStage(t, { needs });
      const daemon = await RemoteDaemon.shoal(stage);
      const { user, password } = daemon;
      const netrc = join(stage.dir, "netrc");
      await writeFile(netrc, `machine localhost login ${user} password ${password}\n`);
      const signedIn = [
        await daemon.remote("-l"),
        await daemon.run(["-ne", "-l"], { TR_AUTH: `${user}:${password}` }),
        await daemon.run(["-N", netrc, "-l"]),
      ];
      for (const { code, text } of signedIn) assert.match(`${code} ${text}`, /^0 .*\bID\b.*Name/);
      for (const args of [["-l"], ["-n", `${user}:wrong`, "-l"], ["-n", `other:${password}`, "-l"]]) {
        const { code, text } = await daemon.run(args);
        assert.match(text, /401: Unauthorized/, args.join(" "));
        assert.equal(code, 1);
      }
      await rm(netrc);
      const { code, text } = await daemon.remote("--exit");
      assert.match(`${code} ${text}`, /^0 .*success/);
    },
  );

  test("has no option that is not tried here", () => {
    const help = spawnSync("transmission-remote", ["--help"], { encoding: "utf8" });
    const short = new Map(
      [...`${help.stdout}${help.stderr}`.matchAll(/^ +(-\w+) +(--[a-z-]+)/gm)].map(([, s, l]) => [l!, s!]),
    );
    const tried = new Set([
      ...STEPS.flatMap((step) => ("run" in step ? step.run : [])),
      ...OWN_ANSWERS.flatMap(([args]) => args),
    ]);
    const elsewhere = ["-n", "-ne", "-N", "-b", "--exit", "-h", "-V", "--ssl"];
    const missing = optionsOf(`${help.stdout}${help.stderr}`).filter((long) => {
      const names = [long, short.get(long) ?? long];
      return !names.some((name) => tried.has(name) || elsewhere.includes(name));
    });
    assert.deepEqual(missing, []);
  });
});
