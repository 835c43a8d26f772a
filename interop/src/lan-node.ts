// A session that shows itself in the local network: `node lan-node.js STATE-FOLDER NAME [HOST]`. Each line that it prints is an
// object; it ends with its input.
import { createSession } from "@shoal/engine";

const [stateDir = "", name = "", host] = process.argv.slice(2);
const say = (line: Record<string, unknown>): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const session = await createSession({
  stateDir,
  ports: [0],
  lsd: false,
  dht: false,
  portMapping: false,
  lanService: { name, properties: new Map([["v", "1"]]) },
  ...(host === undefined ? {} : { host }),
});
session.on((event) => {
  if (event.type !== "lan-peer-found" && event.type !== "lan-peer-lost") return;
  const { kind, name: other, port, hosts } = event.peer;
  say({ event: event.type, kind, name: other, port, hosts });
});
say({ event: "listening", port: session.endpoint?.port });
process.stdin.on("end", () => void session.close()).resume();
