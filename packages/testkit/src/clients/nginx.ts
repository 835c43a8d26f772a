import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Child } from "../child.ts";
import type { Stage } from "../stage.ts";

/** One request as nginx logged it. */
export interface NginxRequest {
  readonly status: number;
  /** As it came, escapes and all. */
  readonly uri: string;
  readonly range: string;
  readonly bodyBytes: number;
  /** One for each TCP connection. */
  readonly connection: number;
}

export interface NginxSpec {
  /** Folder that is served. */
  readonly root: string;
  /** Directives for the `server` block; `limit_conn each N` has its zone, and PORT stands for its port. */
  readonly extra?: string;
  /** Any free one by default. */
  readonly port?: number;
}

/** nginx with a configuration of its own, on loopback or in the stage's namespace. */
export class Nginx {
  /** Ends in a slash. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly child: Child;
  readonly #log: string;

  private constructor(child: Child, host: string, port: number, log: string) {
    this.child = child;
    this.host = host;
    this.port = port;
    this.url = `http://${host}:${port}/`;
    this.#log = log;
  }

  static async start(stage: Stage, spec: NginxSpec): Promise<Nginx> {
    const host = stage.nextHost();
    const port = spec.port ?? (await stage.freePort(host));
    const dir = stage.folder("nginx");
    chmodSync(stage.dir, 0o755);
    const log = join(dir, "access.log");
    const config = join(dir, "nginx.conf");
    writeFileSync(config, configText(dir, log, `${host}:${port}`, spec).replaceAll("PORT", String(port)));
    const child = stage.spawn({
      name: "nginx",
      command: "nginx",
      args: ["-p", dir, "-c", config, "-e", "stderr"],
    });
    const nginx = new Nginx(child, host, port, log);
    await child.answers(() => stage.http(`${nginx.url}is-it-there`));
    return nginx;
  }

  /** What was asked for so far, requests under way left out. */
  requests(): NginxRequest[] {
    const lines = readFileSync(this.#log, "utf8").trim().split("\n");
    return lines.map((line) => JSON.parse(line) as NginxRequest).filter(({ uri }) => uri !== "/is-it-there");
  }
}

function configText(dir: string, log: string, listen: string, { root, extra = "" }: NginxSpec): string {
  const fields = [
    '"status":$status',
    '"uri":"$request_uri"',
    '"range":"$http_range"',
    '"bodyBytes":$body_bytes_sent',
    '"connection":$connection',
  ];
  const asRoot = process.getuid?.() === 0 ? "user root;" : "";
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off;
${asRoot}
worker_processes 1;
pid ${dir}/nginx.pid;
error_log stderr warn;
events {}
http {
  log_format json escape=json '{${fields.join(",")}}';
  access_log ${log} json;
  limit_conn_zone $server_name zone=each:64k;
  default_type application/octet-stream;
  ${temporary.map((name) => `${name}_temp_path ${dir}/${name};`).join("\n  ")}
  server {
    listen ${listen};
    root "${root}";
    ${extra}
  }
}
`;
}
