export { Identity } from "./identity/identity.ts";
export { IdentityError } from "./identity/identity-error.ts";
export { formatPeerId, parsePeerId } from "./identity/peer-id.ts";
