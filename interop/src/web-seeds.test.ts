import assert from "node:assert/strict";
import { cp, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  Aria2,
  FakePeer,
  Libtorrent,
  Nginx,
  Shoal,
  assertSameTree,
  lacks,
  magnetOf,
  openStage,
  readTorrent,
  runShoal,
} from "@shoal/testkit";
import type { Payload, Stage, TorrentKind } from "@shoal/testkit";
import { TIMEOUT_MS, type Prepared, writeCellPayload } from "./scene.ts";

const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks("nginx") };
const NEEDS = { needs: ["nginx"] } as const;

interface Made {
  readonly kind: TorrentKind;
  readonly shape: "file" | "folder";
}

/** A torrent with web seeds, made by `shoal torrent create`. */
async function make(
  stage: Stage,
  made: Made,
  urls: (payload: Payload) => readonly string[] | Promise<readonly string[]>,
  known?: Payload,
): Promise<Prepared> {
  const payload = known ?? (await writeCellPayload(stage, { ...made, pieceLength: 65_536 }));
  const file = join(stage.folder("made"), "seeded.torrent");
  const seeds = (await urls(payload)).flatMap((url) => ["--web-seed", url]);
  const args = ["torrent", "create", payload.path, "-o", file, `--${made.kind}`, "--piece-size", "65536"];
  await runShoal([...args, ...seeds], stage.folder("state"));
  return { payload, file, facts: readTorrent(file) };
}

async function getAll(stage: Stage, { file, payload }: Prepared, ...more: string[]): Promise<Shoal> {
  const dir = stage.folder("got");
  const shoal = Shoal.get(stage, [file, "-o", dir, "--once", ...more]);
  await shoal.complete();
  await shoal.endsWith(0);
  await assertSameTree(join(dir, payload.name), payload.path);
  return shoal;
}

describe("we get everything from nginx alone", { concurrency: 2 }, () => {
  for (const kind of ["v1", "v2", "hybrid"] as const) {
    for (const shape of ["file", "folder"] as const) {
      test(`${kind} ${shape}`, OPTIONS, async (t) => {
        const stage = openStage(t, NEEDS);
        let nginx: Nginx | null = null;
        const prepared = await make(stage, { kind, shape }, async ({ dir }) => {
          nginx = await Nginx.start(stage, { root: dir });
          return [nginx.url];
        });
        await getAll(stage, prepared);
      });
    }
  }
});

/** nginx with a folder of its own, in which `name` is a copy of the payload. */
async function copyServed(stage: Stage, { payload }: Prepared, extra?: string): Promise<[Nginx, string]> {
  const root = stage.folder("served");
  await cp(payload.path, join(root, payload.name), { recursive: true });
  return [await Nginx.start(stage, { root, ...(extra === undefined ? {} : { extra }) }), root];
}

const FOLDER = { kind: "v1", shape: "folder" } as const;
const FILE = { kind: "hybrid", shape: "file" } as const;

/** As `make`; the URLs are those of servers that are started once the payload is known. */
async function makeServed(
  stage: Stage,
  made: Made,
  start: (prepared: Prepared) => Promise<readonly string[]>,
): Promise<Prepared> {
  const bare = await make(stage, made, () => []);
  return make(stage, made, () => start(bare), bare.payload);
}

describe("a web server with a will of its own", { concurrency: 2 }, () => {
  test("redirects are followed, and remembered for each file", OPTIONS, async (t) => {
    const stage = openStage(t, NEEDS);
    let nginx!: Nginx;
    const prepared = await makeServed(stage, FOLDER, async (bare) => {
      [nginx] = await copyServed(stage, bare, "location /old/ { rewrite ^/old(/.*)$ $1 redirect; }");
      return [`${nginx.url}old/`];
    });
    await getAll(stage, prepared);
    const redirected = nginx.requests().filter(({ status }) => status === 302);
    assert.ok(redirected.length > 0);
    // Two may be under way before the first has its answer.
    for (const { uri } of redirected) assert.ok(redirected.filter((one) => one.uri === uri).length <= 4);
  });

  test("a missing file comes from elsewhere", OPTIONS, async (t) => {
    const stage = openStage(t, NEEDS);
    const lost = "piece and one";
    let first!: Nginx;
    const prepared = await makeServed(stage, FOLDER, async (bare) => {
      const [one, root] = await copyServed(stage, bare);
      await rm(join(root, bare.payload.name, lost));
      const [two] = await copyServed(stage, bare);
      first = one;
      return [one.url, two.url];
    });
    await getAll(stage, prepared);
    const missed = first.requests().filter(({ status }) => status === 404);
    assert.ok(missed.every(({ uri }) => decodeURIComponent(uri).endsWith(lost)));
    assert.ok(first.requests().some(({ status }) => status === 206));
  });

  test("wrong data bans the URL, and the rest comes from elsewhere", OPTIONS, async (t) => {
    const stage = openStage(t, NEEDS);
    let bad!: Nginx;
    const prepared = await makeServed(stage, FILE, async (bare) => {
      const [one, root] = await copyServed(stage, bare);
      const { size } = await stat(bare.payload.path);
      await writeFile(join(root, bare.payload.name), Buffer.alloc(size, "wrong"));
      const [two] = await copyServed(stage, bare);
      bad = one;
      return [one.url, two.url];
    });
    const shoal = await getAll(stage, prepared);
    const told = shoal.events.filter(
      ({ event, url, ok }) => event === "web-seed" && url === bad.url && ok === false,
    );
    assert.equal(told.length, 1);
    assert.match(String(told[0]!["message"]), /not what the torrent says|differs/);
  });

  test("gzip that nobody asked for is not sent", OPTIONS, async (t) => {
    const stage = openStage(t, NEEDS);
    const gzip = "gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any;";
    const prepared = await makeServed(stage, FOLDER, async (bare) => [
      (await copyServed(stage, bare, gzip))[0].url,
    ]);
    await getAll(stage, prepared);
  });

  for (const made of [FILE, FOLDER]) {
    test(`a server without ranges gives everything too, ${made.shape}`, OPTIONS, async (t) => {
      const stage = openStage(t, NEEDS);
      const prepared = await makeServed(stage, made, async (bare) => [
        (await copyServed(stage, bare, "max_ranges 0;"))[0].url,
      ]);
      await getAll(stage, prepared);
    });
  }

  test("who lets in one connection at a time is asked by one", OPTIONS, async (t) => {
    const stage = openStage(t, NEEDS);
    let nginx!: Nginx;
    const limits = "limit_conn each 1; limit_rate 2m;";
    const prepared = await makeServed(stage, FILE, async (bare) => {
      [nginx] = await copyServed(stage, bare, limits);
      return [nginx.url];
    });
    await getAll(stage, prepared);
    assert.ok(nginx.requests().filter(({ status }) => status === 503).length <= 4);
  });

  test("names and passwords of the URL are used, and not shown", OPTIONS, async (t) => {
    const stage = openStage(t, NEEDS);
    const prepared = await makeServed(stage, FILE, async (bare) => {
      const users = join(stage.folder("users"), "users");
      await writeFile(users, "ann:{PLAIN}secret\n");
      const [nginx] = await copyServed(stage, bare, `auth_basic "x"; auth_basic_user_file ${users};`);
      return [nginx.url.replace("http://", "http://ann:secret@")];
    });
    const shoal = await getAll(stage, prepared);
    assert.ok(!JSON.stringify(shoal.events).includes("secret"));
  });
});

describe("web seeds and peers", { concurrency: 2 }, () => {
  test("both deliver", OPTIONS, async (t) => {
    const stage = openStage(t, NEEDS);
    let nginx!: Nginx;
    const prepared = await makeServed(stage, FILE, async (bare) => {
      [nginx] = await copyServed(stage, bare, "limit_rate 1m;");
      return [nginx.url];
    });
    const seed = await Shoal.send(stage, [prepared.file, "--data", prepared.payload.dir]);
    const shoal = await getAll(stage, prepared, "--peer", `${seed.host}:${seed.port}`);
    assert.ok(shoal.events.some(({ event }) => event === "peer-connected"));
    assert.ok(nginx.requests().length > 0);
  });

  test("a magnet's ws is asked once a peer has told what the files are", OPTIONS, async (t) => {
    const stage = openStage(t, NEEDS);
    const prepared = await make(stage, FOLDER, () => []);
    const [nginx] = await copyServed(stage, prepared);
    const torrent = prepared.facts;
    const peer = await FakePeer.listen({
      torrent,
      data: Buffer.alloc(0),
      behaviour: { does: "choke" },
      has: () => false,
      metadata: torrent.info,
    });
    stage.onEnd(() => peer.stop());
    const dir = stage.folder("got");
    const magnet = `${magnetOf(torrent)}&ws=${encodeURIComponent(nginx.url)}`;
    const shoal = Shoal.get(stage, [magnet, "-o", dir, "--peer", `${peer.host}:${peer.port}`, "--once"]);
    await shoal.complete();
    await shoal.endsWith(0);
    await assertSameTree(join(dir, prepared.payload.name), prepared.payload.path);
  });

  test("--no-web-seeds asks none", OPTIONS, async (t) => {
    const stage = openStage(t, NEEDS);
    let nginx!: Nginx;
    const prepared = await makeServed(stage, FILE, async (bare) => {
      [nginx] = await copyServed(stage, bare);
      return [nginx.url];
    });
    const seed = await Shoal.send(stage, [prepared.file, "--data", prepared.payload.dir]);
    await getAll(stage, prepared, "--no-web-seeds", "--peer", `${seed.host}:${seed.port}`);
    assert.deepEqual(nginx.requests(), []);
  });
});

describe("others get from nginx what we made a torrent of", { concurrency: 2 }, () => {
  for (const kind of ["v1", "v2", "hybrid"] as const) {
    test(`libtorrent, ${kind} folder`, { ...OPTIONS, skip: lacks("nginx", "libtorrent") }, async (t) => {
      const stage = openStage(t, { needs: ["nginx", "libtorrent"] });
      const prepared = await makeServed(stage, { kind, shape: "folder" }, async (bare) => [
        (await copyServed(stage, bare))[0].url,
      ]);
      const saveDir = stage.folder("got");
      const leecher = await Libtorrent.start(stage);
      const download = await leecher.add({ file: prepared.file, saveDir });
      await download.waitForSeeding();
      await assertSameTree(join(saveDir, prepared.payload.name), prepared.payload.path);
    });
  }

  test("aria2, v1 folder", { ...OPTIONS, skip: lacks("nginx", "aria2") }, async (t) => {
    const stage = openStage(t, { needs: ["nginx", "aria2"] });
    const prepared = await makeServed(stage, FOLDER, async (bare) => [
      (await copyServed(stage, bare))[0].url,
    ]);
    const dir = stage.folder("got");
    const aria2 = await Aria2.start(stage);
    const download = await aria2.add({ file: prepared.file, dir });
    await download.waitForComplete();
    await assertSameTree(join(dir, prepared.payload.name), prepared.payload.path);
  });
});

describe("servers of other kinds", { concurrency: 2 }, () => {
  test("the URL of the file itself, over IPv6, with a connection for each request", OPTIONS, async (t) => {
    const stage = openStage(t, NEEDS);
    const prepared = await makeServed(stage, FILE, async (bare) => {
      const [nginx] = await copyServed(stage, bare, "keepalive_timeout 0; listen [::1]:PORT;");
      return [`http://[::1]:${nginx.port}/${encodeURIComponent(bare.payload.name)}`];
    });
    await getAll(stage, prepared, "--host", "::1");
  });

  test("a server that ends in the middle and comes back", OPTIONS, async (t) => {
    const stage = openStage(t, NEEDS);
    let nginx!: Nginx;
    let root = "";
    const prepared = await makeServed(stage, FILE, async (bare) => {
      [nginx, root] = await copyServed(stage, bare, "limit_rate 400k;");
      return [nginx.url];
    });
    const dir = stage.folder("got");
    const shoal = Shoal.get(stage, [prepared.file, "-o", dir, "--once"]);
    await shoal.waitFor("progress", 20_000, ({ downloaded }) => Number(downloaded) > 500_000);
    await nginx.child.kill();
    await shoal.waitFor("web-seed", 20_000, ({ ok }) => ok === false);
    await Nginx.start(stage, { root, port: nginx.port });
    await shoal.complete();
    await shoal.endsWith(0);
    await assertSameTree(join(dir, prepared.payload.name), prepared.payload.path);
  });
});
