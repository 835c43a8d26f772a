import { access, readFile } from "node:fs/promises";

/** Names of the firewalls that show themselves on this computer; what only root may read is not asked for. */
export async function findFirewalls(platform: NodeJS.Platform, root: string = ""): Promise<string[]> {
  if (platform !== "linux") return [];
  const found: string[] = [];
  const ufw = await readFile(`${root}/etc/ufw/ufw.conf`, "utf8").catch(() => "");
  if (/^ENABLED=yes$/im.test(ufw)) found.push("ufw");
  if (await exists(`${root}/run/firewalld`)) found.push("firewalld");
  // Both of the above work by one of these: who has them needs no second advice.
  if (found.length > 0) return found;
  const loaded = await readFile(`${root}/proc/modules`, "utf8").catch(() => "");
  const tables = await readFile(`${root}/proc/net/ip_tables_names`, "utf8").catch(() => "");
  if (/^filter$/m.test(tables)) found.push("iptables");
  else if (/^nf_tables \d+ [1-9]/m.test(loaded)) found.push("nftables");
  return found;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
