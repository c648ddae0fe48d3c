/** Loki, as far as netpol asks it. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** A line with its time in nanoseconds since 1970. */
export type Stored = { readonly time: bigint; readonly line: string };

/**
 * A double that speaks what Loki documents of `GET /loki/api/v1/query_range` for queries of lines: times in nanoseconds,
 * from `start` on and before `end`, at most `limit` of them, in streams.
 */
export class LokiDouble {
  readonly asked: { readonly query: string; readonly start: bigint; readonly end: bigint; readonly headers: object }[] =
    [];
  readonly #lines: readonly Stored[];
  readonly #server = createServer((request, response) => this.#answer(request, response));

  constructor(lines: readonly Stored[]) {
    this.#lines = lines;
  }

  /** @param port any that is free, unless given */
  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    const address = this.#server.address();
    assert.ok(typeof address === "object" && address !== null);
    return `http://127.0.0.1:${address.port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer({ url = "", headers }: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(url, "http://loki");
    const of = (name: string) => searchParams.get(name) ?? "";
    if (pathname !== "/loki/api/v1/query_range" || of("direction") !== "forward") {
      response.writeHead(404).end("page not found");
      return;
    }
    if (!/^\{.*\}/.test(of("query"))) {
      response.writeHead(400).end("parse error at line 1, col 1: syntax error: unexpected IDENTIFIER");
      return;
    }
    const [from, until] = [BigInt(of("start")), BigInt(of("end"))];
    this.asked.push({ query: of("query"), start: from, end: until, headers });
    const found = this.#lines.filter(({ time }) => from <= time && time < until).slice(0, Number(of("limit")));
    const streams = [0, 1].map((stream) => ({
      stream: { node: `worker-${stream}` },
      values: found.filter((_, i) => i % 2 === stream).map(({ time, line }) => [`${time}`, line]),
    }));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "success", data: { resultType: "streams", result: streams } }));
  }
}
