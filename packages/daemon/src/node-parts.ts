import {
  createSession,
  type Log,
  openHttp,
  ProcessLock,
  type Session,
  type SessionOptions,
  ShoalError,
} from "@shoal/engine";
import { Identity } from "@shoal/network";
import { type Database, Tokens } from "@shoal/server";
import { AuditLog } from "./audit/audit-log.ts";
import type { Closing } from "./closing.ts";
import { Completions } from "./completion/completions.ts";
import { CompletionHook } from "./completion/hook.ts";
import { Doctor } from "./doctor/doctor.ts";
import { Moves } from "./edits/moves.ts";
import { TorrentFetcher } from "./fetch/torrent-fetcher.ts";
import { FileIndex } from "./files/file-index.ts";
import { SharingGoals } from "./goals/sharing-goals.ts";
import { Labels } from "./labels/labels.ts";
import { History } from "./ledger/history.ts";
import { Ledger } from "./ledger/ledger.ts";
import { Limits } from "./limits/limits.ts";
import { Live } from "./live/live.ts";
import { LogTap } from "./live/log-tap.ts";
import { Notices } from "./live/notices.ts";
import { ServedPeers } from "./live/served-peers.ts";
import { tellOfTransfers } from "./live/transfer-notices.ts";
import { isAnswered } from "./is-answered.ts";
import { LogFile } from "./log/log-file.ts";
import { NoticeBoard } from "./notices/notice-board.ts";
import type { Profile } from "./profile.ts";
import { limitQueue, TransferQueue } from "./queue/transfer-queue.ts";
import { SessionMemory } from "./rpc/session-memory.ts";
import type { Settings } from "./settings/settings.ts";
import { Shares } from "./shares/shares.ts";
import { openState } from "./state/open-state.ts";
import type { Tables } from "./state/tables.ts";
import { tokenTable } from "./state/token-table.ts";
import { Transfers } from "./transfers.ts";
import { WatchFolders } from "./watch/watch-folders.ts";

export interface NodeOptions {
  readonly profile: Profile;
  readonly settings: Settings;
  readonly session: Partial<Omit<SessionOptions, "stateDir" | "log">>;
  /** The environment of programs that are run for the user. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads along with the log file. */
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What everything else stands on. */
interface NodeBase {
  readonly profile: Profile;
  readonly settings: Settings;
  readonly identity: Identity;
  readonly database: Database<Tables>;
  /** What is kept for people until they look in again. */
  readonly board: NoticeBoard;
  /** For what a person may want to know at once. */
  readonly notices: Notices;
  readonly log: LogTap;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The engine, and what the user wants of it. */
interface NodeEngine {
  readonly session: Session;
  readonly limits: Limits;
  /** What programs have set by Transmission's RPC and is switched off. */
  readonly remoteMemory: SessionMemory;
  readonly ledger: Ledger;
  readonly labels: Labels;
  readonly transfers: Transfers;
  readonly queue: TransferQueue;
  readonly history: History;
}

/** What a node does of its own accord, and for those who ask. */
interface NodeFeatures {
  readonly moves: Moves;
  readonly completions: Completions;
  readonly fileIndex: FileIndex;
  readonly shares: Shares;
  readonly watchFolders: WatchFolders;
  readonly torrentFetcher: TorrentFetcher;
  readonly doctor: Doctor;
  readonly tokens: Tokens;
  /** Who changed what. */
  readonly audit: AuditLog;
  /** What goes on, for who watches. */
  readonly live: Live;
  readonly servedPeers: ServedPeers;
}

export interface NodeParts extends NodeBase, NodeEngine, NodeFeatures {}

/** Opens what a node consists of, in an order in which nothing needs what comes later. Throws what any of it throws; `closing` has what is open then. */
export async function openParts(options: NodeOptions, closing: Closing): Promise<NodeParts> {
  const base = await openBase(options, closing);
  const engine = await openEngine(options, base, closing);
  const features = await openFeatures(options, { ...base, ...engine }, closing);
  return { ...base, ...engine, ...features };
}

async function openBase(options: NodeOptions, closing: Closing): Promise<NodeBase> {
  const { profile, settings, now } = options;
  const lock = await ProcessLock.acquire(profile.stateDir, "daemon", `the profile "${profile.name}"`);
  closing.add(() => lock.release());
  // A process in another container has a number that says nothing here, but the same socket.
  if (await isAnswered(profile.socket))
    throw new ShoalError(
      "ERR_LOCKED",
      `the profile "${profile.name}" is open in a process that can't be seen from here`,
    );
  const file = closing.add(new LogFile(profile.logFile, settings.get("log.level")));
  closing.add(settings.on(["log.level"], () => (file.level = settings.get("log.level"))));
  const log = new LogTap([file, options.log], now);
  closing.add(() => log.info("stopped"));
  const notices = new Notices(now);
  const identity = await Identity.load(profile.identityFile);
  const downloadDir = settings.get("downloads.dir");
  const { database, trouble } = await openState({ profile, downloadDir, log, now });
  closing.add(database);
  const board = closing.add(await NoticeBoard.open(database, notices, now));
  if (trouble !== null) board.add({ kind: "failed", message: trouble });
  return { profile, settings, identity, database, board, notices, log, now };
}

async function openEngine(options: NodeOptions, base: NodeBase, closing: Closing): Promise<NodeEngine> {
  const { profile, settings, database, log, now } = base;
  const session = await createSession({
    ...options.session,
    diskReserve: settings.get("downloads.reserve"),
    stateDir: profile.stateDir,
    log,
  });
  closing.add(session);
  closing.add(
    settings.on(["downloads.reserve"], () =>
      session.limits.setSettings({ diskReserve: settings.get("downloads.reserve") }),
    ),
  );
  closing.add(limitQueue(session, settings));
  const limits = closing.add(await Limits.open({ ...base, session }));
  const remoteMemory = await SessionMemory.open(database);
  const ledger = closing.addListener(session, await Ledger.open({ ...base, session }));
  const labels = await Labels.open(database);
  const transfers = closing.add(
    await Transfers.open({
      session,
      database,
      torrentsDir: profile.torrentsDir,
      incompleteDir: () => settings.get("downloads.incompleteDir"),
      trashKeepMs: () => settings.get("trash.keep"),
      log,
      now,
    }),
  );
  const limit = (): number => settings.get("history.limit");
  const history = closing.addListener(transfers, new History({ database, transfers, limit, log, now }));
  const queue = new TransferQueue({ session, transfers });
  return { session, limits, remoteMemory, ledger, labels, transfers, queue, history };
}

async function openFeatures(
  options: NodeOptions,
  parts: NodeBase & NodeEngine,
  closing: Closing,
): Promise<NodeFeatures> {
  const { profile, settings, database, session, transfers, board, notices, log, now } = parts;
  const moves = closing.add(new Moves(parts));
  closing.add(new SharingGoals(parts));
  const command = (): readonly string[] | null => settings.get("downloads.onComplete");
  const hook = new CompletionHook({ command, env: options.env, log });
  const completions = closing.add(new Completions({ transfers, hook, board, log }));
  const fileIndex = closing.add(await FileIndex.open(database, transfers, log));
  const { stateDir, torrentsDir } = profile;
  const shares = closing.add(await Shares.open({ transfers, database, torrentsDir, stateDir, log, now }));
  const { offline, host, listen, proxy, proxyListen } = options.session;
  const isKept = offline === true || isLoopbackHost(host);
  const isToListen = listen !== false && (proxy === undefined || proxyListen === true);
  const doctor = closing.add(new Doctor({ ...parts, isKept, isToListen }));
  const watchFolders = closing.add(await WatchFolders.open(parts));
  const isPrivateAllowed = (): boolean => settings.get("downloads.privateUrls");
  const torrentFetcher = closing.add(new TorrentFetcher(openHttp(options.session), isPrivateAllowed));
  const audit = closing.add(new AuditLog(database, log, now));
  closing.add(tellOfTransfers(transfers, notices));
  const servedPeers = closing.add(new ServedPeers(session));
  const downloadDir = (): string => settings.get("downloads.dir");
  const live = closing.add(new Live({ ...parts, downloadDir }));
  const tokens = await Tokens.load(tokenTable(database), now);
  return {
    moves,
    completions,
    fileIndex,
    shares,
    doctor,
    watchFolders,
    torrentFetcher,
    tokens,
    audit,
    live,
    servedPeers,
  };
}

/** What binds everything to this computer. */
function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && /^(127\.[\d.]+|::1|localhost|lo)$/.test(host);
}
