import { setTimeout as wait } from "node:timers/promises";
import { ShoalError, type Torrent } from "@shoal/engine";
import { allows, ApiError, type Scope, type TokenRecord } from "@shoal/server";
import type { ShoalNode } from "../shoal-node.ts";
import { assertAllowed } from "../api/allowed-folders.ts";
import type { Transfer } from "../transfer.ts";
import { recheck } from "../edits/actions.ts";
import { renameTransfer } from "../edits/edit-files.ts";
import { ArgumentReader } from "./arguments.ts";
import { freeSpace } from "./free-space.ts";
import { namedFolder } from "./folders.ts";
import { effectiveGoals } from "./goal-fields.ts";
import { findByIds } from "./ids.ts";
import type { RpcArguments } from "./request.ts";
import { RpcError } from "./rpc-error.ts";
import { sessionFields } from "./session-fields.ts";
import { SessionSettings } from "./session-settings.ts";
import { sessionStats } from "./session-stats.ts";
import { setSession } from "./session-set.ts";
import { addTorrent } from "./torrent-add.ts";
import { NO_DETAILS, TorrentDetails } from "./torrent-details.ts";
import { torrentGet } from "./torrent-get.ts";
import { TorrentLook } from "./torrent-look.ts";
import { setTorrent } from "./torrent-set.ts";
import { TorrentWatch } from "./torrent-watch.ts";

/** Moves that take longer go on behind the answer. */
const ANSWER_WITHIN_MS = 2_000;

/** What a method answers; `result` is "success" or the reason why not. */
export interface RpcResult {
  readonly arguments: RpcArguments;
  readonly result: string;
}

export interface RpcParts {
  readonly node: ShoalNode;
  readonly version: string;
  readonly sessionId: string;
  /** Ends the process in good order. */
  readonly shutDown: () => void;
}

interface Method {
  readonly scope: Scope;
  run(args: RpcArguments, bearer: TokenRecord): Promise<RpcArguments> | RpcArguments;
}

/** Methods of Transmission's RPC. */
export class RpcMethods {
  readonly #parts: RpcParts;
  readonly #watch: TorrentWatch;
  readonly #details: TorrentDetails;
  readonly #settings: SessionSettings;
  readonly #methods: ReadonlyMap<string, Method>;

  constructor(parts: RpcParts) {
    const { node } = parts;
    this.#parts = parts;
    this.#watch = new TorrentWatch(node.session, () => Date.now());
    this.#details = new TorrentDetails((transfer) => node.transfers.metainfo(transfer));
    this.#settings = new SessionSettings(node);
    this.#methods = new Map(Object.entries(this.#table()));
  }

  close(): void {
    this.#watch.close();
  }

  /** Runs a method; never throws for what the caller did wrong. */
  async call(name: unknown, args: RpcArguments, bearer: TokenRecord): Promise<RpcResult> {
    if (name === undefined) return { arguments: {}, result: "no method name" };
    const method = typeof name === "string" ? this.#methods.get(name) : undefined;
    if (method === undefined) return { arguments: {}, result: "method name not recognized" };
    if (!allows(bearer.scope, method.scope)) {
      const result = `the token of ${bearer.name} may ${bearer.scope}, and this needs ${method.scope}`;
      return { arguments: {}, result };
    }
    try {
      return { arguments: await method.run(args, bearer), result: "success" };
    } catch (error) {
      if (error instanceof RpcError) return { arguments: error.args, result: error.message };
      if (error instanceof ShoalError || error instanceof ApiError)
        return { arguments: {}, result: error.message };
      throw error;
    }
  }

  #table(): Record<string, Method> {
    const { node, version, sessionId, shutDown } = this.#parts;
    const { transfers } = node;
    const read = (run: Method["run"]): Method => ({ scope: "read", run });
    const control = (run: Method["run"]): Method => ({ scope: "control", run });
    const forEach = (act: (transfer: Transfer, args: RpcArguments) => unknown): Method =>
      control(async (args) => {
        for (const transfer of this.#chosen(args)) await act(transfer, args);
        return {};
      });
    const queueMove = (move: "top" | "up" | "down" | "bottom"): Method =>
      control(async (args) => {
        await node.queue.move(this.#chosen(args), move);
        return {};
      });
    return {
      "session-get": read(async ({ fields }) =>
        only(await sessionFields(node, this.#settings, { version, sessionId }), fields),
      ),
      "session-set": control((args, bearer) => setSession(node, this.#settings, args, bearer)),
      "session-stats": read(() => sessionStats(node)),
      "session-close": {
        scope: "admin",
        run: () => {
          // After the answer has gone out: the connection that it goes by ends, too.
          setImmediate(shutDown);
          return {};
        },
      },
      "torrent-get": read((args, bearer) => this.#get(args, bearer)),
      "torrent-add": control((args, bearer) => addTorrent(node, args, bearer)),
      "torrent-set": forEach(async (transfer, args) => {
        await setTorrent(node, transfer, args, {
          trackerOf: (torrent, id) => this.#trackerOf(torrent, id),
          trackerReplaced: (torrent, from, to) => this.#watch.trackerReplaced(torrent, from, to),
        });
        this.#watch.edited(transfer.torrent);
      }),
      "torrent-remove": control(async (args) => {
        const deletes = new ArgumentReader(args).flag("delete-local-data") ?? false;
        for (const transfer of this.#chosen(args)) await transfers.remove(transfer, deletes);
        return {};
      }),
      "torrent-start": forEach((transfer) => transfers.resume(transfer)),
      "torrent-start-now": forEach(async (transfer) => {
        await transfers.change(transfer, { forced: true });
        await transfers.resume(transfer);
      }),
      "torrent-stop": forEach(async (transfer) => {
        await transfers.change(transfer, { forced: false });
        await transfers.pause(transfer);
      }),
      "torrent-verify": forEach((transfer) => recheck(node, transfer)),
      "torrent-reannounce": forEach(({ torrent }) => torrent.announce()),
      "torrent-set-location": control((args, bearer) => this.#setLocation(args, bearer)),
      "torrent-rename-path": control((args) => this.#rename(args)),
      "queue-move-top": queueMove("top"),
      "queue-move-up": queueMove("up"),
      "queue-move-down": queueMove("down"),
      "queue-move-bottom": queueMove("bottom"),
      "free-space": read((args, bearer) => freeSpace(args, (path) => assertAllowed(node, bearer, path))),
      "port-test": read(() => {
        const { ipv4, ipv6 } = node.session.reachability();
        return { "port-is-open": ipv4.state === "open" || ipv6.state === "open" };
      }),
      "blocklist-update": control(() => {
        throw new RpcError("lists of blocked addresses are named in the configuration: network.ipFilter");
      }),
      "group-get": read(() => ({ group: [] })),
      "group-set": control(() => {
        throw new RpcError("there are no bandwidth groups");
      }),
    };
  }

  async #get(args: RpcArguments, bearer: TokenRecord): Promise<RpcArguments> {
    const { node } = this.#parts;
    const peerLimit = node.settings.get("network.connectionsPerTorrent");
    const torrents = await torrentGet(args, this.#chosen(args), {
      details: (transfer, needed) =>
        needed.size === 0 ? Promise.resolve(NO_DETAILS) : this.#details.of(transfer, needed),
      look: (transfer, details) =>
        new TorrentLook(transfer, {
          observed: this.#watch.of(transfer.torrent),
          now: Date.now(),
          details,
          trackerId: (url) => this.#watch.trackerId(transfer.torrent, url),
          hidesAddresses: !allows(bearer.scope, "control"),
          torrentFile: node.transfers.metainfoFile(transfer),
          peerLimit,
          queuePosition: () => node.session.queue.positionOf(transfer.torrent),
          goals: () => effectiveGoals(node, transfer),
        }),
    });
    if (args["ids"] !== "recently-active") return { torrents };
    const removed = this.#watch.recentlyRemoved(node.transfers.list().map(({ id }) => id));
    return { removed, torrents };
  }

  async #setLocation(args: RpcArguments, bearer: TokenRecord): Promise<RpcArguments> {
    const read = new ArgumentReader(args);
    const named = read.text("location") ?? "";
    if (named === "") throw new RpcError("no location");
    const refusal = "new location path is not absolute";
    const { node } = this.#parts;
    const location = await namedFolder(node, bearer, named, refusal);
    const moves = read.flag("move") ?? false;
    for (const transfer of this.#chosen(args)) {
      this.#watch.edited(transfer.torrent);
      const moved = node.moves.move(transfer, { dir: location, adopt: !moves });
      // What can't begin is told; copying takes as long as it takes, and who waits for the answer would give up.
      await Promise.race([moved, wait(ANSWER_WITHIN_MS, undefined, { ref: false })]);
      moved.catch(() => undefined);
    }
    return {};
  }

  async #rename(args: RpcArguments): Promise<RpcArguments> {
    const [transfer, ...others] = this.#chosen(args);
    if (transfer === undefined || others.length > 0)
      throw new RpcError("torrent-rename-path requires 1 torrent");
    const read = new ArgumentReader(args);
    const path = read.text("path") ?? "";
    const name = read.text("name") ?? "";
    if (path === "" || name === "" || name === "." || name === "..") throw new RpcError("Invalid argument");
    await renameTransfer(this.#parts.node.transfers, transfer, path, name);
    this.#watch.edited(transfer.torrent);
    return { id: transfer.id, path, name };
  }

  #chosen({ ids }: RpcArguments): Transfer[] {
    return findByIds(ids, this.#parts.node.transfers.list(), ({ torrent }) => this.#watch.isRecent(torrent));
  }

  #trackerOf(torrent: Torrent, id: number): string | undefined {
    return torrent.trackers().find(({ url }) => this.#watch.trackerId(torrent, url) === id)?.url;
  }
}

function only(all: RpcArguments, fields: unknown): RpcArguments {
  if (!Array.isArray(fields)) return all;
  return Object.fromEntries(Object.entries(all).filter(([name]) => fields.includes(name)));
}
