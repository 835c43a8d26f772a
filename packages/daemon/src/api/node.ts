import type { WayIn as EngineWayIn } from "@shoal/engine";
import { NodeInfo, SCHEMA_VERSION, type Reachability, type WayIn } from "@shoal/schema";
import type { HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";

/** What the routes of the node itself need besides it. */
export interface NodeFace {
  readonly version: string;
  /** Address of the web page. */
  ui(): string;
  /** Ends the process in good order. */
  shutDown(): Promise<void>;
}

/** The node itself: what it is, and its end. */
export function nodeRoutes(app: HttpServer, node: ShoalNode, face: NodeFace): void {
  const startedAt = new Date().toISOString();
  app.get(
    "/info",
    {
      config: { scope: "read" },
      schema: {
        summary: "What runs, and where it can be reached",
        tags: ["node"],
        response: { 200: NodeInfo },
      },
    },
    async () => ({
      schema: SCHEMA_VERSION,
      version: face.version,
      pid: process.pid,
      profile: node.profile.name,
      peerId: node.identity.peerId,
      startedAt,
      downloadDir: node.downloadDir,
      stateDir: node.profile.stateDir,
      peerPort: node.session.endpoint?.port ?? null,
      peerHost: node.session.endpoint?.host ?? null,
      ...node.doctor.reach(),
      reachability: reachabilityOf(node),
      ui: face.ui(),
    }),
  );
  app.post(
    "/shutdown",
    {
      config: { scope: "admin" },
      schema: {
        summary: "Ends the node in good order",
        tags: ["node"],
        response: { 200: Type.Object({ stopping: Type.Literal(true) }) },
      },
    },
    async () => {
      // After the answer has gone out: the connection that it goes by ends, too.
      setImmediate(() => void face.shutDown());
      return { stopping: true as const };
    },
  );
}

function reachabilityOf({ session }: ShoalNode): Reachability {
  const { ipv4, ipv6 } = session.reachability();
  return { ipv4: wayIn(ipv4), ipv6: wayIn(ipv6) };
}

function wayIn(way: EngineWayIn): WayIn {
  if (way.state !== "open") return way;
  const { expiresAt } = way;
  return { ...way, expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString() };
}
