import type { DoctorCheck } from "@shoal/schema";
import type { Said } from "./said.ts";

/** What programs read the end of a failed examination for: nothing reached, no room, or files that can't be used. */
export const EXIT = { network: 6, noSpace: 9, fileSystem: 10 } as const;
export type FindingExit = (typeof EXIT)[keyof typeof EXIT];

/** What came out of one check. */
export interface Finding {
  readonly check: string;
  readonly status: DoctorCheck["status"];
  readonly said: Said;
  readonly tries: readonly string[];
  /** Of one that fails. */
  readonly exit: FindingExit | null;
}

type Status = Exclude<Finding["status"], "fail">;

export function finding(check: string, status: Status, text: Said, ...tries: readonly string[]): Finding {
  return { check, status, said: text, tries, exit: null };
}

export function failure(check: string, exit: FindingExit, text: Said, ...tries: readonly string[]): Finding {
  return { check, status: "fail", said: text, tries, exit };
}
