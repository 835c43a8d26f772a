export { ApiError, errorBody } from "./api-error.ts";
export { type Compiled, type Database, type Migrations, openDatabase } from "./database.ts";
export { HostPolicy } from "./host-policy.ts";
export { createHttpServer, type HttpServer, type HttpServerOptions } from "./http-server.ts";
export { SqliteError } from "./sqlite-thread.ts";
export { allows, type Scope, SCOPES, type TokenRecord, Tokens, type TokenStore } from "./tokens.ts";
export { EventStream, type EventStreamOwner } from "./event-stream.ts";
export { type ApiDescription, describeApi, openApiDocument } from "./openapi.ts";
