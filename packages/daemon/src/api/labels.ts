import { resolve } from "node:path";
import { Label as LabelView, LabelChanges, LabelList, LabelName, SCHEMA_VERSION } from "@shoal/schema";
import { ApiError, type HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";
import { assertFolder } from "./allowed-folders.ts";

const Params = Type.Object({ name: LabelName });
const tags = ["labels"];

/** Labels: what is said about those that transfers have. */
export function labelRoutes(app: HttpServer, node: ShoalNode): void {
  const { labels, transfers } = node;

  function view(name: string): LabelView {
    const { folder = null, goals = {} } = labels.get(name) ?? {};
    return { name, folder, goals, torrents: counts(node).get(name) ?? 0 };
  }

  app.get(
    "/labels",
    {
      config: { scope: "read" },
      schema: {
        summary: "All labels, also those that only transfers have",
        tags,
        response: { 200: LabelList },
      },
    },
    async () => {
      const names = new Set([...labels.list().map(({ name }) => name), ...counts(node).keys()]);
      return { schema: SCHEMA_VERSION, labels: [...names].sort().map(view) };
    },
  );
  app.put(
    "/labels/:name",
    {
      schema: {
        summary: "Says something about a label",
        tags,
        params: Params,
        body: LabelChanges,
        response: { 200: LabelView },
      },
    },
    async ({ params: { name }, body, bearer }) => {
      if (typeof body.folder === "string") await assertFolder(node, bearer, "folder", body.folder);
      const { folder = null, goals = {} } = { ...labels.get(name), ...body };
      await labels.set({ name, folder: folder === null ? null : resolve(folder), goals });
      return view(name);
    },
  );
  app.delete(
    "/labels/:name",
    {
      schema: {
        summary: "Forgets a label, and takes it off all transfers",
        tags,
        params: Params,
        response: { 200: Type.Object({ removed: Type.String() }) },
      },
    },
    async ({ params: { name } }) => {
      const having = transfers.list().filter(({ record }) => record.labels.includes(name));
      const known = await labels.remove(name);
      if (!known && having.length === 0)
        throw new ApiError(404, "ERR_NOT_FOUND", `There is no label ${JSON.stringify(name)}`);
      for (const transfer of having) {
        const left = transfer.record.labels.filter((label) => label !== name);
        await transfers.change(transfer, { labels: left });
      }
      return { removed: name };
    },
  );
}

/** How many transfers have each label. */
function counts({ transfers }: ShoalNode): Map<string, number> {
  const found = new Map<string, number>();
  for (const { record } of transfers.list())
    for (const label of record.labels) found.set(label, (found.get(label) ?? 0) + 1);
  return found;
}
