// Loaded into our own programs with `node --import` when they are to be profiled: `node --cpu-prof` may not come through
// NODE_OPTIONS. Every thread that ends by itself leaves a .cpuprofile in the folder named by SHOAL_BENCH_PROFILE_DIR.
import { mkdirSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { basename, join } from "node:path";
import { threadId } from "node:worker_threads";

const SAMPLE_MICROSECONDS = 250;
const dir = process.env["SHOAL_BENCH_PROFILE_DIR"];

if (dir !== undefined) {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.setSamplingInterval", { interval: SAMPLE_MICROSECONDS });
  session.post("Profiler.start");
  process.on("exit", () => {
    // Answers come before `post` returns.
    session.post("Profiler.stop", (error, result) => {
      if (error !== null) return;
      const what = `${basename(process.argv[2] ?? "main")}-${process.pid}-${threadId}`;
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, `${what}.cpuprofile`), JSON.stringify(result.profile));
    });
  });
}
