/** The HTTP requests of a record, and whether the rules' lists let them through. */
import { matchesWhole } from "../policy/expression.ts";
import type { HttpRule } from "../policy/schema.ts";
import type { End } from "./end.ts";
import type { HubbleFlow } from "./event.ts";
import { type Times, widen } from "./times.ts";

/** Requests of one method to one path, as the HTTP proxy logs them. */
export type Request = Times & {
  readonly source: End;
  readonly destination: End;
  readonly port: number;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly host: string;
  /** By lower-case name, as far as they were recorded. */
  readonly headers: ReadonlyMap<string, string>;
  /** Whether it stands for others too, that no rule tells from it. */
  readonly standsForMore: boolean;
  /** How often it was let through and refused when it was recorded. */
  passed: number;
  refused: number;
};

export type RecordedRequest = Pick<Request, "method" | "path" | "host" | "headers">;

export function requestOf({ l7 }: HubbleFlow): RecordedRequest | undefined {
  const http = l7?.http;
  if (!http?.method || l7?.type === "RESPONSE") return undefined;
  const [, host = "", path = ""] = /^(?:[a-z]+:\/\/([^/?]*))?([^#]*)/i.exec(http.url ?? "") ?? [];
  const headers = (http.headers ?? []).map(({ key, value }) => [(key ?? "").toLowerCase(), value ?? ""] as const);
  return { method: http.method, path: path || "/", host, headers: new Map(headers) };
}

/** More than anybody reads, and few enough to keep. */
export const mostRequests = 20_000;

/**
 * Requests by connection, method, host and path. Paths hold numbers of orders and the like: beyond a number of requests, those
 * of a connection and method that no rule tells apart are one.
 */
export function requestStore(rules: readonly HttpRule[], limit = mostRequests) {
  const requests = new Map<string, Request>();
  const found = (key: unknown, one: Omit<Request, "passed" | "refused">): Request => {
    const text = JSON.stringify(key);
    const request = requests.get(text) ?? { ...one, passed: 0, refused: 0 };
    requests.set(text, request);
    return request;
  };
  return {
    of: (one: Omit<Request, "passed" | "refused">): Request => {
      const { source, destination, port, method, host, path } = one;
      const place = [source.key, destination.key, port, method];
      const apart = [...place, host, path];
      if (!one.standsForMore && (requests.size < limit || requests.has(JSON.stringify(apart))))
        return found(apart, one);
      return found([...place, rules.map((rule) => ruleMatches(rule, one) ?? null)], { ...one, standsForMore: true });
    },
    all: (): Request[] => [...requests.values()],
  };
}

/** Adds what was seen of a request elsewhere. */
export function addRequest(to: Request, { passed, refused, ...times }: Request): void {
  to.passed += passed;
  to.refused += refused;
  widen(to, times);
}

/**
 * Whether a list lets a request through: if one rule matches, with its method, path and host as a whole
 * (`pkg/policy/api/http.go`). Undefined where that turns on a header that was not recorded.
 */
export function letsThrough(rules: readonly HttpRule[], request: RecordedRequest): boolean | undefined {
  const matches = rules.map((rule) => ruleMatches(rule, request));
  if (matches.includes(true)) return true;
  return matches.includes(undefined) ? undefined : false;
}

function ruleMatches(rule: HttpRule, { method, path, host, headers }: RecordedRequest): boolean | undefined {
  const { headers: required, headerMatches } = rule;
  const matches =
    matchesWhole(rule.method, method) &&
    matchesWhole(rule.path, path) &&
    (host === "" || matchesWhole(rule.host, host));
  if (!matches) return false;
  if (host === "" && rule.host) return undefined;
  // What the proxy logs of headers may be left out or redacted: only a match is certain.
  const isRecorded = (required ?? []).every((header) => {
    const [name = "", ...value] = header.split(/[:\s]+/);
    const recorded = headers.get(name.toLowerCase());
    return recorded !== undefined && (value.length === 0 || recorded === value.join(" "));
  });
  // With an action on mismatch the request passes whatever its headers are.
  const demanded = (headerMatches ?? []).filter(({ mismatch }) => !mismatch);
  return isRecorded && demanded.length === 0 ? true : undefined;
}
