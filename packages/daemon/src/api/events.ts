import { DETAILS, LOG_LEVELS, TOPICS, type Topic, TORRENT_COLUMNS } from "@shoal/schema";
import { ApiError, EventStream, type HttpServer, type Tokens } from "@shoal/server";
import { Type } from "typebox";
import { chooseWords } from "./choose-words.ts";
import type { DetailKey } from "../live/detail-feed.ts";
import type { Live } from "../live/live.ts";
import type { Subscriber } from "../live/subscriber.ts";
import { chooseColumns } from "../live/torrent-rows.ts";

const Wanted = Type.Object(
  {
    since: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: "revision that the reader knows: then only what changed since",
      }),
    ),
    columns: Type.Optional(
      Type.String({
        maxLength: 2_000,
        description: "columns of the list, with commas between; all by default",
      }),
    ),
    topics: Type.Optional(
      Type.String({
        maxLength: 100,
        description: "some of torrents,node,notices,log; all but the log by default",
      }),
    ),
    detail: Type.Optional(
      Type.String({
        maxLength: 200,
        pattern: "^\\d{1,15}:[a-z,]+(;\\d{1,15}:[a-z,]+){0,3}$",
        description:
          "parts of up to four transfers to look at closely, such as `3:peers,files`; there are peers, files, trackers and pieces",
      }),
    ),
    logLevel: Type.Optional(
      Type.Enum([...LOG_LEVELS], { description: "from which level up; info by default" }),
    ),
  },
  { additionalProperties: false },
);

/** What goes on, as a stream of server-sent events. */
export function eventRoutes(app: HttpServer, live: Live, tokens: Tokens): void {
  app.get(
    "/events",
    {
      config: { scope: "read" },
      schema: {
        summary: "What changes, as it changes",
        description:
          "Server-sent events. Of transfers: one `snapshot`, then a `delta` each second in which something changed, with the cells that did. `since` goes on where an earlier stream ended; what is too old gets a `reset` and a new `snapshot`. Besides: `node` with the numbers of the node that changed, `notice`, and where asked for `log`, and four times a second `detail` with the parts of a transfer that changed. A comment each 15 s shows that the stream lives. Who reads slowly gets the latest, not all.",
        tags: ["events"],
        querystring: Wanted,
        response: {
          200: {
            description: "Events, until the reader or the daemon ends them.",
            content: { "text/event-stream": { schema: Type.String() } },
          },
        },
      },
    },
    (request, reply) => {
      const { since, columns, topics, logLevel, detail } = request.query;
      const chosen = chooseWords("topics", topics, TOPICS);
      const subscription = {
        topics: new Set<Topic>(chosen.length > 0 ? chosen : ["torrents", "node", "notices"]),
        columns: chooseColumns(chooseWords("columns", columns, TORRENT_COLUMNS)),
        since: since ?? null,
        logLevel: logLevel ?? "info",
        details: detailKeys(detail ?? "", request.bearer?.scope !== "read"),
      };
      // Lines of the log may name peers, and trackers with what lets us in there.
      if (subscription.topics.has("log") && request.bearer?.scope === "read")
        throw new ApiError(403, "ERR_FORBIDDEN", "The token may read, and the log needs control");
      let subscriber: Subscriber | null = null;
      let ended = false;
      let forget = (): void => {};
      const stream = new EventStream(reply, {
        onRoom: () => subscriber?.flush(),
        onClose: () => {
          ended = true;
          forget();
          if (subscriber !== null) live.unsubscribe(subscriber);
        },
      });
      if (request.bearer !== null) forget = tokens.whenRevoked(request.bearer.id, () => stream.close());
      subscriber = live.subscribe(subscription, stream);
      if (ended) live.unsubscribe(subscriber);
    },
  );
}

/** Throws ApiError ERR_VALIDATION. */
function detailKeys(text: string, named: boolean): DetailKey[] {
  return text
    .split(";")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [id, words] = part.split(":");
      const details = new Set(chooseWords("details", words, DETAILS));
      return Array.from(details, (detail) => ({ id: Number(id), detail, named }));
    });
}
