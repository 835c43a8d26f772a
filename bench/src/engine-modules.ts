import { repoRoot } from "@shoal/testkit";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** What modules of the engine export that are part of no surface, such as "base/bitfield". They are loaded from where they are built. */
export async function loadEngineModules(names: readonly string[]): Promise<object> {
  const dist = join(repoRoot(), "packages", "engine", "dist");
  const modules: object[] = [];
  for (const name of names)
    modules.push((await import(pathToFileURL(join(dist, `${name}.js`)).href)) as object);
  return Object.assign({}, ...modules) as object;
}
