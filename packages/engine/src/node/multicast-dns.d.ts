/** What we use of multicast-dns 7.2.5, which brings no types. */
declare module "multicast-dns" {
  import type { EventEmitter } from "node:events";

  namespace multicastDns {
    interface Options {
      /** In place of one that it would make: the parts of a datagram socket that it uses. */
      readonly socket: EventEmitter;
      /** False: memberships are the owner's concern. */
      readonly multicast: false;
      /** False: the socket is bound already. */
      readonly bind: false;
      readonly ip: string;
      readonly port: number;
    }

    interface MulticastDns extends EventEmitter {
      send(
        packet: object,
        to: { readonly address: string; readonly port: number } | null,
        done: () => void,
      ): void;
      destroy(): void;
    }
  }

  function multicastDns(options: multicastDns.Options): multicastDns.MulticastDns;
  export default multicastDns;
}
