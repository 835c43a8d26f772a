import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, runToEnd } from "../child.ts";
import type { Stage } from "../stage.ts";

/** A service as avahi has resolved it. */
export interface AvahiService {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** As avahi writes it: `"v=1"`. */
  readonly text: string;
}

/** avahi-daemon on a machine of its own, with a bus and a /run of its own: it has both at places that can't be chosen. */
export class Avahi {
  readonly #stage: Stage;
  readonly #bus: string;

  private constructor(stage: Stage, bus: string) {
    this.#stage = stage;
    this.#bus = bus;
  }

  /** `stage` plays in a namespace. */
  static async start(stage: Stage): Promise<Avahi> {
    const dir = stage.folder("avahi");
    const address = `unix:path=${join(dir, "bus")}`;
    const config = join(dir, "avahi.conf");
    writeFileSync(config, CONFIG);
    const script = `mount -t tmpfs none /run && mkdir /run/avahi-daemon && exec avahi-daemon -f "$1" --no-drop-root --no-chroot --no-proc-title`;
    const bus = stage.spawn({
      name: "dbus-daemon",
      command: "dbus-daemon",
      args: ["--session", "--nofork", "--nopidfile", `--address=${address}`, "--print-address=1"],
    });
    await bus.says(/unix:path=/);
    const avahi = stage.spawn({
      name: "avahi-daemon",
      command: "unshare",
      args: ["-m", "sh", "-c", script, "sh", config],
      env: { DBUS_SYSTEM_BUS_ADDRESS: address },
    });
    await avahi.says(/Server startup complete/);
    return new Avahi(stage, address);
  }

  /** Until it is stopped. */
  publish(name: string, type: string, port: number, ...text: readonly string[]): Child {
    return this.#stage.spawn({
      name: "avahi-publish",
      command: "avahi-publish",
      args: ["-s", name, type, String(port), ...text],
      env: { DBUS_SYSTEM_BUS_ADDRESS: this.#bus },
    });
  }

  /** All services of a type that avahi can resolve now. */
  async browse(type: string): Promise<AvahiService[]> {
    const lines = await runToEnd({
      name: "avahi-browse",
      command: "avahi-browse",
      args: ["-rpt", type],
      env: { DBUS_SYSTEM_BUS_ADDRESS: this.#bus },
      namespace: this.#stage.namespace,
    });
    return lines.split("\n").flatMap((line) => {
      const [kind, , , name, , , , host, port, text] = line.split(";");
      if (kind !== "=") return [];
      const plain = name!
        .replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number(code)))
        .replace(/\\(.)/g, "$1");
      return [{ name: plain, host: host!, port: Number(port), text: text! }];
    });
  }
}

const CONFIG = `[server]
host-name=somebody
enable-dbus=yes
[wide-area]
enable-wide-area=no
[publish]
publish-workstation=no
publish-hinfo=no
[rlimits]
`;
