import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { lookup } from "node:dns/promises";

export interface SocksServerOptions {
  readonly username?: string;
  readonly password?: string;
  /** Whether it passes on datagrams. */
  readonly udp?: boolean;
  /** Where names lead, in place of a look-up. */
  readonly names?: Readonly<Record<string, string>>;
}

/** A SOCKS5 server on 127.0.0.1 with all that ours may ask for: names, passwords, UDP. It notes what it was asked for. */
export class SocksServer {
  readonly port: number;
  /** "connect HOST:PORT" and "udp HOST:PORT", hosts as they were named. */
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #options: SocksServerOptions;
  readonly #sockets: Set<Socket> = new Set();
  readonly #relays: Set<UdpSocket> = new Set();

  private constructor(server: Server, options: SocksServerOptions) {
    this.#server = server;
    this.#options = options;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => {
      this.#keep(socket);
      this.#serve(socket).catch(() => socket.destroy());
    });
  }

  static async listen(options: SocksServerOptions = {}): Promise<SocksServer> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new SocksServer(server, options);
  }

  /** For `--proxy`. */
  url(credentials: string = ""): string {
    return `socks5://${credentials === "" ? "" : `${credentials}@`}127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.hangUp();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Ends all connections. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #serve(socket: Socket): Promise<void> {
    const { username, password } = this.#options;
    const [, count] = await take(socket, 2);
    const methods = await take(socket, count!);
    const method = username === undefined ? 0 : 2;
    if (!methods.includes(method)) {
      socket.end(Uint8Array.of(5, 0xff));
      return;
    }
    socket.write(Uint8Array.of(5, method));
    if (method === 2) {
      const name = await take(socket, (await take(socket, 2))[1]!);
      const word = await take(socket, (await take(socket, 1))[0]!);
      const good = name.toString() === username && word.toString() === password;
      socket.write(Uint8Array.of(1, good ? 0 : 1));
      if (!good) {
        socket.end();
        return;
      }
    }
    const [, command, , type] = await take(socket, 4);
    const length = type === 1 ? 4 : type === 4 ? 16 : (await take(socket, 1))[0]!;
    const host = textOf(type!, await take(socket, length));
    const port = (await take(socket, 2)).readUInt16BE();
    if (command === 1) await this.#connect(socket, host, port);
    else if (command === 3 && this.#options.udp === true) await this.#relay(socket);
    else socket.end(reply(7));
  }

  async #connect(socket: Socket, host: string, port: number): Promise<void> {
    this.asked.push(`connect ${host}:${port}`);
    const other = connect({ host: this.#options.names?.[host] ?? host, port });
    this.#keep(other);
    try {
      await once(other, "connect");
    } catch {
      socket.end(reply(5));
      return;
    }
    socket.write(reply(0));
    socket.pipe(other).pipe(socket);
  }

  async #relay(socket: Socket): Promise<void> {
    const inside = createSocket("udp4");
    const outside = createSocket("udp4");
    for (const one of [inside, outside]) {
      this.#relays.add(one);
      one.bind(0, "127.0.0.1");
      await once(one, "listening");
    }
    socket.once("close", () => {
      for (const one of [inside, outside]) {
        one.close();
        this.#relays.delete(one);
      }
    });
    let client: AddressInfo | null = null;
    inside.on("message", (packet, from) => {
      client = from;
      const length = packet[3] === 1 ? 4 : packet[4]! + 1;
      const host = textOf(packet[3]!, packet.subarray(packet[3] === 1 ? 4 : 5, 4 + length));
      const port = packet.readUInt16BE(4 + length);
      this.asked.push(`udp ${host}:${port}`);
      const data = packet.subarray(6 + length);
      void lookup(this.#options.names?.[host] ?? host).then(({ address }) =>
        outside.send(data, port, address),
      );
    });
    outside.on("message", (data, from) => {
      if (client === null) return;
      const head = Buffer.from([
        0,
        0,
        0,
        1,
        ...from.address.split(".").map(Number),
        from.port >> 8,
        from.port & 0xff,
      ]);
      inside.send(Buffer.concat([head, data]), client.port, client.address);
    });
    socket.write(reply(0, inside.address().port));
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

/** "Here", in place of an address. */
function reply(code: number, port: number = 0): Uint8Array {
  return Uint8Array.of(5, code, 0, 1, 0, 0, 0, 0, port >> 8, port & 0xff);
}

function textOf(type: number, bytes: Buffer): string {
  if (type === 3) return bytes.toString("latin1");
  if (type === 1) return bytes.join(".");
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(":");
}

async function take(socket: Socket, length: number): Promise<Buffer> {
  if (length === 0) return Buffer.alloc(0);
  for (;;) {
    const bytes = socket.read(length) as Buffer | null;
    if (bytes !== null) return bytes;
    if (socket.readableEnded || socket.destroyed) throw new Error("cut off");
    await once(socket, "readable");
  }
}
