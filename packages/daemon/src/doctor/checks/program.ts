import { type Finding, finding } from "../finding.ts";
import { said } from "../said.ts";

export interface ProgramFacts {
  readonly version: string;
  /** Of Node, such as "24.1.0". */
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
}

/** Versions that are run, for whoever reads the report. */
export function checkProgram({ version, node, platform, arch }: ProgramFacts): Finding {
  return finding("program", "info", said`shoal ${version}, Node ${node}, ${platform} ${arch}`);
}
