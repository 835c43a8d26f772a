import type { Declaration, NoOptions } from "../command.ts";
import { flag, parsePort, type SpecsOf, text, value } from "../option.ts";
import { NETWORK_OPTIONS, type NetworkOptions } from "../shared-options.ts";

export interface RunOptions extends Omit<NetworkOptions, "foreground"> {
  readonly uiPort: number | null;
  readonly rpcPort: number | null;
  readonly downloadDir: string | null;
}

const { foreground: _always, ...network } = NETWORK_OPTIONS;

const RUN_OPTIONS: SpecsOf<RunOptions> = {
  uiPort: value(
    "--ui-port <port>",
    "port of the web page and the API (default: 8420; 0: any free one)",
    parsePort,
  ),
  rpcPort: value(
    "--rpc-port <port>",
    "a port for Transmission's remote programs besides, such as 9091",
    parsePort,
  ),
  downloadDir: text("--download-dir <dir>", "folder for downloads (default: ~/Downloads)"),
  ...network,
};

export const runDeclaration: Declaration<RunOptions> = {
  name: "daemon run",
  summary: "run the daemon here, in the foreground",
  about: [
    "Transfers go on as long as it runs, and are taken up again when it is started anew.",
    'With --json the first line tells where it can be reached: {"event":"listening","ui":…,"rpc":…}.',
  ],
  arguments: [],
  options: RUN_OPTIONS,
  examples: [{ line: "shoal daemon run --download-dir ~/Films", about: "until Ctrl-C" }],
  exits: ["fileSystem", "inUse", "network", "interrupted", "terminated"],
};

export const startDeclaration: Declaration<RunOptions> = {
  name: "daemon start",
  summary: "start the daemon in the background",
  about: [
    "It goes on when the terminal is closed, and ends with: shoal daemon stop. Commands that need it start it by themselves, unless --no-start says not to.",
    "The command ends when the daemon can be reached.",
  ],
  arguments: [],
  options: RUN_OPTIONS,
  examples: [
    { line: "shoal daemon start --download-dir ~/Films", about: "with another folder for downloads" },
  ],
  exits: ["daemon", "fileSystem", "inUse", "network"],
};

export const restartDeclaration: Declaration<RunOptions> = {
  name: "daemon restart",
  summary: "end the daemon and start it anew",
  about: ["Such as after an update. Without flags, those of the last start in the background hold again."],
  arguments: [],
  options: RUN_OPTIONS,
  examples: [{ line: "shoal daemon restart", about: "after shoal was updated" }],
  exits: ["daemon", "fileSystem", "inUse", "network"],
};

export const statusDeclaration: Declaration<NoOptions> = {
  name: "daemon status",
  summary: "whether the daemon runs, and where",
  about: [],
  arguments: [],
  options: {},
  examples: [{ line: "shoal daemon status --json", about: "for programs" }],
  exits: ["daemon"],
};

export interface InstallOptions {
  readonly print: boolean;
  readonly remove: boolean;
}

const INSTALL_OPTIONS: SpecsOf<InstallOptions> = {
  print: flag("--print", "only show what would be written"),
  remove: flag("--remove", "take it out again"),
};

export const installDeclaration: Declaration<InstallOptions> = {
  name: "daemon install-service",
  summary: "start the daemon at each login",
  about: [
    "On Linux a unit of your own systemd is written and enabled; to have it run without a login, too: loginctl enable-linger. On macOS it is an agent of launchd, on Windows a task of the scheduler: these two are written by their documentation and were not tried on such a system.",
    "What the daemon is to do differently goes into the configuration: shoal config edit.",
  ],
  arguments: [],
  options: INSTALL_OPTIONS,
  examples: [
    { line: "shoal daemon install-service", about: "for this user alone; no rights are needed" },
    { line: "shoal daemon install-service --print", about: "to put it where you like" },
  ],
  exits: ["notFound", "fileSystem"],
};

export interface LogsOptions {
  readonly follow: boolean;
  readonly lines: number | null;
}

function parseCount(word: string): number {
  if (!/^\d{1,6}$/.test(word)) throw new Error("write it as a whole number");
  return Number(word);
}

export const logsDeclaration: Declaration<LogsOptions> = {
  name: "daemon logs",
  summary: "what the daemon has noted",
  about: ["Of one that has ended, too. With --json each line is an object."],
  arguments: [],
  options: {
    follow: flag("-f, --follow", "go on with what is added, until Ctrl-C"),
    lines: value("-n, --lines <count>", "so many of the last lines (default: 50)", parseCount),
  },
  examples: [{ line: "shoal daemon logs -n 20 --follow", about: "what happens now" }],
  exits: ["fileSystem"],
};

export const stopDeclaration: Declaration<NoOptions> = {
  name: "daemon stop",
  summary: "end the daemon in good order",
  about: ["Waits until all is written. Transfers go on when it is started again."],
  arguments: [],
  options: {},
  examples: [{ line: "shoal daemon stop", about: "when it runs in the background" }],
  exits: ["daemon"],
};
