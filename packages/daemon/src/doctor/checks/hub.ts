import { EXIT, failure, type Finding, finding } from "../finding.ts";
import { hidden, said } from "../said.ts";

export interface HubFacts {
  readonly address: string;
  /** Its HTTP status, or why there is none. */
  readonly answer: number | "not-asked" | { readonly error: string };
}

export function checkHub({ address, answer }: HubFacts): Finding {
  const who = hidden("hub", address);
  if (answer === "not-asked") return finding("hub", "info", said`${who} is not on this computer: not asked`);
  if (typeof answer === "number" && answer < 500) return finding("hub", "ok", said`${who} answers`);
  const why = typeof answer === "number" ? said`it answers with ${answer}` : hidden("error", answer.error);
  return failure(
    "hub",
    EXIT.network,
    said`${who} can't be used: ${why}`,
    "ask whoever runs the hub whether it is up",
    "check the address: shoal config get hub.address",
  );
}
