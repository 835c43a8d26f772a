import { readVersion } from "../version.ts";
import { usageError } from "../errors.ts";
import { clean } from "../ui/clean.ts";
import { command } from "./command.ts";
import type { Command, Declaration, NoOptions } from "./command.ts";
import { completeDeclaration, completionDeclaration } from "./completion/declarations.ts";
import {
  configEditDeclaration,
  configGetDeclaration,
  configListDeclaration,
  configPathDeclaration,
  configSetDeclaration,
  configUnsetDeclaration,
} from "./config/declarations.ts";
import {
  installDeclaration,
  logsDeclaration,
  restartDeclaration,
  runDeclaration,
  startDeclaration,
  statusDeclaration,
  stopDeclaration,
} from "./daemon/declarations.ts";
import { doctorDeclaration } from "./doctor/declaration.ts";
import { nodeInfoDeclaration } from "./info/declaration.ts";
import { getDeclaration } from "./get/declaration.ts";
import {
  eventLogDeclaration,
  historyDeclaration,
  statsDeclaration,
  transferLogDeclaration,
  undoDeclaration,
} from "./ledger/declarations.ts";
import { searchDeclaration, uiDeclaration } from "./look/declarations.ts";
import { shellDeclaration } from "./shell/declaration.ts";
import { manDeclaration } from "./man/declaration.ts";
import {
  limitDownDeclaration,
  limitScheduleDeclaration,
  limitShowDeclaration,
  limitSlowDeclaration,
  limitUpDeclaration,
} from "./limit/declarations.ts";
import { profileListDeclaration, profileRunDeclaration } from "./profile/declarations.ts";
import { sendDeclaration } from "./send/declaration.ts";
import { listTokensDeclaration, newTokenDeclaration, revokeTokenDeclaration } from "./token/declarations.ts";
import {
  cancelDeclaration,
  listDeclaration,
  pauseDeclaration,
  removeDeclaration,
  resumeDeclaration,
  showDeclaration,
  watchDeclaration,
} from "./transfers/declarations.ts";
import {
  createDeclaration,
  infoDeclaration,
  magnetDeclaration,
  verifyDeclaration,
} from "./torrent/declarations.ts";
import { importDeclaration } from "./import/declaration.ts";
import {
  announceDeclaration,
  exportDeclaration,
  filesDeclaration,
  labelDeclaration,
  moveDeclaration,
  peersDeclaration,
  queueDeclaration,
  renameDeclaration,
  setDeclaration,
  trackersDeclaration,
} from "./torrent/edit/declarations.ts";
import { listLabelsDeclaration, removeLabelDeclaration, setLabelDeclaration } from "./label/declarations.ts";
import {
  addFolderDeclaration,
  listFoldersDeclaration,
  removeFolderDeclaration,
} from "./watchdir/declarations.ts";

const helpDeclaration: Declaration<NoOptions> = {
  name: "help",
  summary: "all commands, or one explained",
  about: [],
  arguments: [
    {
      name: "command",
      description: "such as get, or torrent create",
      optional: true,
      many: true,
      completes: "commands",
    },
  ],
  options: {},
  examples: [{ line: "shoal help torrent create", about: "the same as shoal torrent create --help" }],
  exits: [],
};

const versionDeclaration: Declaration<NoOptions> = {
  name: "version",
  summary: "the version of this program",
  about: [],
  arguments: [],
  options: {},
  examples: [{ line: "shoal version", about: "one line" }],
  exits: [],
};

/** Every command, in the order of help. */
export const COMMANDS: readonly Command[] = [
  command(sendDeclaration, async () => (await import("./send/run.ts")).runSend),
  command(getDeclaration, async () => (await import("./get/run.ts")).runGet),
  command(listDeclaration, async () => (await import("./transfers/list.ts")).runList),
  command(showDeclaration, async () => (await import("./transfers/show.ts")).runShow),
  command(watchDeclaration, async () => (await import("./transfers/watch.ts")).runWatch),
  command(pauseDeclaration, async () => (await import("./transfers/change.ts")).runPause),
  command(resumeDeclaration, async () => (await import("./transfers/change.ts")).runResume),
  command(cancelDeclaration, async () => (await import("./transfers/change.ts")).runCancel),
  command(removeDeclaration, async () => (await import("./transfers/change.ts")).runRemove),
  command(undoDeclaration, async () => (await import("./ledger/undo.ts")).runUndo),
  command(historyDeclaration, async () => (await import("./ledger/history.ts")).runHistory),
  command(searchDeclaration, async () => (await import("./look/search.ts")).runSearch),
  command(uiDeclaration, async () => (await import("./look/ui.ts")).runUi),
  command(statsDeclaration, async () => (await import("./ledger/stats.ts")).runStats),
  command(transferLogDeclaration, async () => (await import("./ledger/transfer-log.ts")).runTransferLog),
  command(eventLogDeclaration, async () => (await import("./ledger/event-log.ts")).runEventLog),
  command(nodeInfoDeclaration, async () => (await import("./info/run.ts")).runInfo),
  command(doctorDeclaration, async () => (await import("./doctor/run.ts")).runDoctor),
  command(createDeclaration, async () => (await import("./torrent/create.ts")).runCreate),
  command(infoDeclaration, async () => (await import("./torrent/info.ts")).runInfo),
  command(verifyDeclaration, async () => (await import("./torrent/verify.ts")).runVerify),
  command(magnetDeclaration, async () => (await import("./torrent/magnet.ts")).runMagnet),
  command(moveDeclaration, async () => (await import("./torrent/edit/simple.ts")).runMove),
  command(renameDeclaration, async () => (await import("./torrent/edit/simple.ts")).runRename),
  command(filesDeclaration, async () => (await import("./torrent/edit/files.ts")).runFiles),
  command(trackersDeclaration, async () => (await import("./torrent/edit/trackers.ts")).runTrackers),
  command(peersDeclaration, async () => (await import("./torrent/edit/simple.ts")).runPeers),
  command(announceDeclaration, async () => (await import("./torrent/edit/simple.ts")).runAnnounce),
  command(setDeclaration, async () => (await import("./torrent/edit/simple.ts")).runSet),
  command(queueDeclaration, async () => (await import("./torrent/edit/simple.ts")).runQueue),
  command(labelDeclaration, async () => (await import("./torrent/edit/simple.ts")).runLabel),
  command(exportDeclaration, async () => (await import("./torrent/edit/export.ts")).runExport),
  command(listLabelsDeclaration, async () => (await import("./label/run.ts")).runListLabels),
  command(setLabelDeclaration, async () => (await import("./label/run.ts")).runSetLabel),
  command(removeLabelDeclaration, async () => (await import("./label/run.ts")).runRemoveLabel),
  command(startDeclaration, async () => (await import("./daemon/start.ts")).runStart),
  command(runDeclaration, async () => (await import("./daemon/run.ts")).runDaemon),
  command(statusDeclaration, async () => (await import("./daemon/status.ts")).runStatus),
  command(logsDeclaration, async () => (await import("./daemon/logs.ts")).runLogs),
  command(stopDeclaration, async () => (await import("./daemon/stop.ts")).runStop),
  command(configGetDeclaration, async () => (await import("./config/show.ts")).runConfigGet),
  command(configSetDeclaration, async () => (await import("./config/change.ts")).runConfigSet),
  command(configUnsetDeclaration, async () => (await import("./config/change.ts")).runConfigUnset),
  command(configListDeclaration, async () => (await import("./config/show.ts")).runConfigList),
  command(configEditDeclaration, async () => (await import("./config/edit.ts")).runConfigEdit),
  command(configPathDeclaration, async () => (await import("./config/show.ts")).runConfigPath),
  command(restartDeclaration, async () => (await import("./daemon/start.ts")).runRestart),
  command(profileRunDeclaration, async () => (await import("./profile/run.ts")).runProfiles),
  command(profileListDeclaration, async () => (await import("./profile/list.ts")).listProfiles),
  command(limitShowDeclaration, async () => (await import("./limit/run.ts")).runLimitShow),
  command(limitDownDeclaration, async () => (await import("./limit/run.ts")).runLimitDown),
  command(limitUpDeclaration, async () => (await import("./limit/run.ts")).runLimitUp),
  command(limitSlowDeclaration, async () => (await import("./limit/run.ts")).runLimitSlow),
  command(limitScheduleDeclaration, async () => (await import("./limit/run.ts")).runLimitSchedule),
  command(newTokenDeclaration, async () => (await import("./token/run.ts")).runNewToken),
  command(listTokensDeclaration, async () => (await import("./token/run.ts")).runListTokens),
  command(revokeTokenDeclaration, async () => (await import("./token/run.ts")).runRevokeToken),
  command(installDeclaration, async () => (await import("./daemon/install.ts")).runInstall),
  command(shellDeclaration, async () => {
    const { runShell } = await import("./shell/run.ts");
    return async (invocation) => runShell(invocation, COMMANDS);
  }),
  command(completionDeclaration, async () => (await import("./completion/run.ts")).runCompletion),
  command(completeDeclaration, async () => {
    const { runComplete } = await import("./completion/run.ts");
    return async (invocation) => runComplete(invocation, COMMANDS);
  }),
  command(importDeclaration, async () => (await import("./import/run.ts")).runImport),
  command(addFolderDeclaration, async () => (await import("./watchdir/run.ts")).runAddFolder),
  command(listFoldersDeclaration, async () => (await import("./watchdir/run.ts")).runListFolders),
  command(removeFolderDeclaration, async () => (await import("./watchdir/run.ts")).runRemoveFolder),
  command(manDeclaration, async () => {
    const { runMan } = await import("./man/run.ts");
    return async (invocation) => runMan(invocation, COMMANDS);
  }),
  command(helpDeclaration, async () => {
    const { helpPage } = await import("./help.ts");
    return async ({ args, output }) => {
      const topic = args.join(" ");
      const lines = helpPage(topic, COMMANDS, output.style);
      if (lines === null) {
        throw usageError(`There is no command "${clean(topic)}"`, "All commands: shoal help");
      }
      for (const line of lines) output.data(line);
      output.document({ help: lines });
      return 0;
    };
  }),
  command(versionDeclaration, async () => async ({ output }) => {
    output.data(`shoal ${readVersion()}`);
    output.document({ version: readVersion() });
    return 0;
  }),
];
