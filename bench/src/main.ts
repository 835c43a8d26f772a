import { runBars } from "./bars.ts";
import { runCreate } from "./create.ts";
import { runApi } from "./daemon/api.ts";
import { runApiSoak } from "./daemon/api-soak.ts";
import { runDaemonStart } from "./daemon/daemon-start.ts";
import { runDht } from "./dht.ts";
import { runDhtAnnounce } from "./dht-announce.ts";
import { runLimits } from "./limits.ts";
import { runMicro } from "./micro/micro.ts";
import { UsageError, parseOptions } from "./options.ts";
import type { Options } from "./options.ts";
import { startReport } from "./report.ts";
import { runConnections } from "./rest/connections.ts";
import { runDormant } from "./rest/dormant.ts";
import { runSoak } from "./soak/soak.ts";
import { runSmallFiles } from "./transfer/small-files.ts";
import { runSwarm } from "./transfer/swarm.ts";
import { runTrackers } from "./trackers.ts";
import { runTiny } from "./transfer/tiny.ts";
import { runTransfer } from "./transfer/transfer.ts";

const USAGE = `npm run bench -- transfer [--size 1GiB] [--runs 5] [--only shoal,libtorrent,aria2,libtorrent-default]
                          [--piece 1MiB] [--v1|--v2|--hybrid] [--skip-tiny] [--profile DIR]
npm run bench -- tiny     [--runs 5] [--only …] [--v1|--v2|--hybrid]
npm run bench -- swarm    [--size 256MiB] [--runs 5] [--piece 1MiB] [--v1|--v2|--hybrid] [--profile DIR]
npm run bench -- small-files [--size 156.25MiB] [--runs 5] [--piece 256KiB] [--v1|--v2|--hybrid] [--profile DIR]
npm run bench -- create   [--size 1GiB] [--runs 5] [--piece 1MiB]
npm run bench -- all      [--runs 5]     every bar: ours beside libtorrent's
npm run bench -- micro    [--filter TEXT]
npm run bench -- limits   [--size 1.3GiB] [--filter "down 200 kB"]
npm run bench -- dormant
npm run bench -- connections
npm run bench -- api
npm run bench -- api-soak [--runs 10]
npm run bench -- daemon-start [--runs 5]
npm run bench -- trackers
npm run bench -- dht
npm run bench -- dht-announce
npm run bench -- soak     [--seconds 300] [--peers 50] [--size 512MiB]

All: [--json] prints the rows as JSON, [--out FILE] appends them to a file.`;

const COMMANDS: Readonly<Record<string, (options: Options) => Promise<unknown>>> = {
  async transfer(options) {
    await runTransfer(options);
    if (!options.skipTiny) await runTiny(options);
  },
  tiny: runTiny,
  swarm: runSwarm,
  "small-files": runSmallFiles,
  create: runCreate,
  all: runBars,
  limits: runLimits,
  micro: runMicro,
  dormant: runDormant,
  connections: runConnections,
  soak: runSoak,
  api: runApi,
  "api-soak": runApiSoak,
  "daemon-start": runDaemonStart,
  trackers: runTrackers,
  dht: runDht,
  "dht-announce": runDhtAnnounce,
};

async function main(words: readonly string[]): Promise<void> {
  // Nothing of what is started here may talk to anyone outside this machine.
  process.env["SHOAL_OFFLINE"] = "1";
  const [name, ...rest] = words;
  const command = name === undefined ? undefined : COMMANDS[name];
  try {
    if (command === undefined)
      throw new UsageError(name === undefined ? "say what to measure" : `no ${name} here`);
    const options = parseOptions(rest);
    startReport(options);
    await command(options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
  }
}

await main(process.argv.slice(2));
