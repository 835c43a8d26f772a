import { join } from "node:path";
import { type Autostart, type Start, startName } from "./autostart.ts";

/** A unit of the user's own systemd (systemd.service(5)). */
export function systemdUnit(start: Start): Autostart {
  const unit = `${startName(start)}.service`;
  const text = `[Unit]
Description=Shoal, peer-to-peer file sharing
Wants=network-online.target
After=network-online.target

[Service]
Type=simple
${Object.entries(start.env)
  .map(([name, value]) => `Environment=${quote(`${name}=${value}`)}\n`)
  .join("")}ExecStart=${start.command.map(quote).join(" ")}
Restart=on-failure
RestartSec=5
# The clean end of SIGTERM.
SuccessExitStatus=143
TimeoutStopSec=60
NoNewPrivileges=true
LimitNOFILE=65536

[Install]
WantedBy=default.target
`;
  return {
    file: join(start.configHome, "systemd", "user", unit),
    text,
    enable: [
      ["systemctl", "--user", "daemon-reload"],
      ["systemctl", "--user", "enable", "--now", unit],
    ],
    disable: [["systemctl", "--user", "disable", "--now", unit]],
    isTried: true,
  };
}

/** As systemd reads it: in double quotes, with its own specifiers and variables doubled. */
function quote(word: string): string {
  const escaped = word
    .replace(/[\\"]/g, "\\$&")
    .replaceAll("%", "%%")
    .replaceAll("$", "$$$$")
    .replaceAll("\n", "\\n");
  return `"${escaped}"`;
}
