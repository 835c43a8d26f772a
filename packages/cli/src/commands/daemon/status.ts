import { reach } from "../../daemon/reach.ts";
import type { Invocation, NoOptions } from "../command.ts";

/** `shoal daemon status`. */
export async function runStatus({ context, output }: Invocation<NoOptions>): Promise<number> {
  const { info } = await reach(context);
  output.document(info);
  output.data(`shoal ${info.version} runs (pid ${info.pid}), profile ${info.profile}`);
  output.data(`  peer id ${info.peerId}`);
  output.data(`  downloads to ${info.downloadDir}`);
  output.data(`  peers on port ${info.peerPort ?? "none"}, API at ${info.ui}`);
  return 0;
}
