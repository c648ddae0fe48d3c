/** What the connections of a flow may carry, beyond who opens them to which port. */
import { z } from "zod";
import { expressionError } from "../policy/expression.ts";
import { shown } from "./issues.ts";
import { dnsName } from "./peers/fqdns.ts";

export type Carried =
  /** Any of these HTTP requests; all of them where there is none, which are only parsed. */
  | { readonly kind: "http"; readonly requests: readonly HttpRequest[] }
  /** TLS that asks for one of these servers (SNI). */
  | { readonly kind: "tls"; readonly serverNames: readonly string[] }
  /** Look-ups of these DNS names. */
  | { readonly kind: "dns"; readonly names: readonly string[] };

/** A request that has all of this. Method, path and host are regular expressions of the whole, in the syntax of RE2. */
export interface HttpRequest {
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly host?: string | undefined;
  /** `X-Token`, or `X-Token: true`. */
  readonly headers?: readonly string[] | undefined;
}

/** What `carrying` takes. */
export type Limit = HttpRequest | { readonly serverName: string } | { readonly lookup: string };

const form =
  'carrying() takes { method: "GET", path: "/metrics" }, { serverName: "example.com" } or { lookup: "*.example.com" }';

const told = {
  error: ({ code, input }: { readonly code?: string; readonly input?: unknown }) =>
    code === "unrecognized_keys" || code === "invalid_type" ? `${shown(input)} is none of it; ${form}` : undefined,
};

const expression = z.string(form).superRefine((text, context) => {
  const error = expressionError(text);
  if (error !== undefined) context.addIssue(`${shown(text)} is no regular expression in the syntax of RE2: ${error}`);
});

const request = z.strictObject(
  {
    method: expression.optional(),
    path: expression.optional(),
    host: expression.optional(),
    headers: z.array(z.string(), form).optional(),
  },
  told,
);

const limit = z.unknown().transform((value, context): Limit => {
  const keys = Object.keys(Object(value));
  if (keys.length === 0) context.addIssue(form);
  const schema = keys.includes("serverName")
    ? z.strictObject({ serverName: dnsName }, told)
    : keys.includes("lookup")
      ? z.strictObject({ lookup: dnsName }, told)
      : request;
  const read = schema.safeParse(value);
  for (const { message } of read.error?.issues ?? []) context.addIssue(message);
  return read.data ?? z.NEVER;
});

/** What a statement gives: the limits of `carrying`, and whether Envoy is to parse HTTP in any case. */
export const carriedSchema: z.ZodType<Carried | undefined> = z
  .object({ limits: z.array(limit), inspectHttp: z.boolean() })
  .transform(({ limits, inspectHttp }, context): Carried | undefined => {
    const serverNames = limits.flatMap((one) => ("serverName" in one ? one.serverName : []));
    const names = limits.flatMap((one) => ("lookup" in one ? one.lookup : []));
    const requests = limits.filter((one): one is HttpRequest => !("serverName" in one) && !("lookup" in one));
    const all: Carried[] = [
      ...(inspectHttp || requests.length > 0 ? [{ kind: "http" as const, requests }] : []),
      ...(serverNames.length > 0 ? [{ kind: "tls" as const, serverNames: [...new Set(serverNames)] }] : []),
      ...(names.length > 0 ? [{ kind: "dns" as const, names: [...new Set(names)] }] : []),
    ];
    if (all.length > 1) context.addIssue("requests, server names and look-ups in one flow; state a flow for each");
    return all[0];
  });

/** What `carrying` was given. */
export function limitsOf(carried: Carried): readonly Limit[] {
  switch (carried.kind) {
    case "http":
      return carried.requests;
    case "tls":
      return carried.serverNames.map((serverName) => ({ serverName }));
    case "dns":
      return carried.names.map((lookup) => ({ lookup }));
  }
}

/** As the tables say it: `L7 HTTP`, `GET /metrics`, `TLS to example.com`, `look-ups of *.example.com`. */
export function carriedText(carried: Carried): string {
  switch (carried.kind) {
    case "http":
      return carried.requests.length === 0 ? "L7 HTTP" : carried.requests.map(requestText).join(" or ");
    case "tls":
      return `TLS to ${carried.serverNames.join(" or ")}`;
    case "dns":
      return `look-ups of ${carried.names.join(" or ")}`;
  }
}

function requestText({ method, path, host, headers = [] }: HttpRequest): string {
  const target = [...(method === undefined ? [] : [method]), ...(path === undefined ? [] : [path])];
  const rest = [...(host === undefined ? [] : [`at ${host}`]), ...headers.map((header) => `with ${header}`)];
  return [...(target.length === 0 ? ["requests"] : target), ...rest].join(" ");
}
