import { ProtocolError } from "../base/errors.ts";

/** The error of a .torrent file or info dictionary that breaks a rule; `reason` is the rule's stable name. */
export function refuseMetainfo(message: string, reason: string): ProtocolError {
  return new ProtocolError(message, { reason }, "ERR_METAINFO");
}
