// A thread that plays one scenario after the other, as it is told.
import { parentPort } from "node:worker_threads";
import { playToEnd } from "./play-scenario.ts";
import type { ScenarioOptions } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";

const port = parentPort!;
port.on("message", ({ name, options }: { readonly name: string; readonly options: ScenarioOptions }) => {
  const scenario = SCENARIOS.find((one) => one.name === name)!;
  void playToEnd(scenario, options).then((played) => port.postMessage(played));
});
