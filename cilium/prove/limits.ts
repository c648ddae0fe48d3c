/** What a proxy lets through of connections that policies allow, and whether two proxies let through the same. */
import { RE2JS } from "re2js";
import type { FqdnSelector, HttpRule } from "../policy/schema.ts";
import { nameMatcher } from "../reach/compile/fqdn.ts";
import type { Redirect } from "../reach/decide/decide.ts";
import { representativeNames } from "./names.ts";

export type Limit =
  | { readonly kind: "none" }
  | { readonly kind: "http"; readonly lets: readonly HttpRule[] }
  | { readonly kind: "dns"; readonly lets: readonly FqdnSelector[] }
  /** @param text what the rules say of names and certificates, which is compared as it is written */
  | { readonly kind: "tls"; readonly text: string }
  | { readonly kind: "listener"; readonly listener: string };

export const noLimit: Limit = { kind: "none" };

/** A proxy that lets everything through limits nothing. */
export function limitOf(redirect: Redirect | undefined): Limit {
  if (redirect === undefined) return noLimit;
  switch (redirect.parser) {
    case "http":
      return redirect.lets === "everything" ? noLimit : { kind: "http", lets: redirect.lets };
    case "dns":
      return redirect.lets === "everything" ? noLimit : { kind: "dns", lets: redirect.lets };
    case "tls":
      return { kind: "tls", text: "" };
    case "crd":
      return { kind: "listener", listener: redirect.listener };
  }
}

/** Whether a second limit lets through something that the first does not. */
export type Excess =
  | { readonly kind: "no" }
  | { readonly kind: "yes"; readonly example: string }
  | { readonly kind: "unknown"; readonly why: string };

const no: Excess = { kind: "no" };

export function excess(first: Limit, second: Limit): Excess {
  if (first.kind === "none") return no;
  if (first.kind === "http" && second.kind === "http") return httpExcess(first.lets, second.lets);
  if (first.kind === "dns" && second.kind === "dns") return dnsExcess(first.lets, second.lets);
  if (first.kind === "tls" && second.kind === "tls") {
    return first.text === second.text
      ? no
      : {
          kind: "unknown",
          why: "rules on TLS server names and certificates are compared as they are written, and differ",
        };
  }
  if (first.kind === "listener" && second.kind === "listener" && first.listener === second.listener) return no;
  return { kind: "yes", example: second.kind === "none" ? "anything" : `what passes ${second.kind}` };
}

function dnsExcess(first: readonly FqdnSelector[], second: readonly FqdnSelector[]): Excess {
  const added = without(second, first);
  if (added.length === 0) return no;
  const names = representativeNames([...first, ...second]);
  if (names === undefined) return { kind: "unknown", why: "DNS rules overlap in too many ways" };
  const [before, after] = [first.map(nameMatcher), second.map(nameMatcher)];
  const name = names.find((name) => after.some((lets) => lets(name)) && !before.some((lets) => lets(name)));
  return name === undefined ? no : { kind: "yes", example: `the name ${name}` };
}

/** Requests that rules write out are tried; what regular expressions let through besides is not known. */
function httpExcess(first: readonly HttpRule[], second: readonly HttpRule[]): Excess {
  const added = without(second, first);
  if (added.length === 0 || first.some(isEverything)) return no;
  const request = added
    .flatMap(requestsOf)
    .find((request) => second.some((rule) => lets(rule, request)) && !first.some((rule) => lets(rule, request)));
  if (request !== undefined) return { kind: "yes", example: `${request.method} ${request.path}` };
  if (added.every((rule) => first.some((wider) => isWithin(rule, wider)))) return no;
  return {
    kind: "unknown",
    why: "which requests the regular expressions of two sets of HTTP rules let through is not compared",
  };
}

const without = <T>(items: readonly T[], others: readonly T[]): T[] => {
  const known = new Set(others.map((item) => JSON.stringify(item)));
  return items.filter((item) => !known.has(JSON.stringify(item)));
};

const parts = ["method", "path", "host"] as const;

const hasHeaders = ({ headers, headerMatches }: HttpRule): boolean =>
  (headers ?? []).length > 0 || (headerMatches ?? []).length > 0;

const isEverything = (rule: HttpRule): boolean => parts.every((part) => !rule[part]) && !hasHeaders(rule);

/** Whether a rule asks for all that another does, in the same words. */
const isWithin = (rule: HttpRule, wider: HttpRule): boolean =>
  !hasHeaders(wider) && parts.every((part) => !wider[part] || wider[part] === rule[part]);

type Request = { readonly method: string; readonly path: string };

const isLiteral = (text: string): boolean => /^[-\w/ ]*$/.test(text);

/** Requests without a host or headers of their own. */
function requestsOf(rule: HttpRule): Request[] {
  if (rule.host || hasHeaders(rule)) return [];
  const methods = !rule.method
    ? ["GET", "POST", "DELETE", "OTHER"]
    : isLiteral(rule.method)
      ? [rule.method]
      : ["GET", "POST"];
  const paths = !rule.path ? ["/", "/other"] : isLiteral(rule.path) ? [rule.path] : samplesOf(rule.path);
  return methods.flatMap((method) => paths.map((path) => ({ method, path })));
}

/** Texts that an expression made of letters and the usual wildcards may match. */
const samplesOf = (expression: string): string[] =>
  ["", "x", "1"].map((text) => expression.replaceAll(/(\[[^\]]*\]|\.)[*+?]?/g, text).replaceAll(/[\\^$]/g, ""));

/** A rule on hosts or headers lets nothing through that names none. */
function lets(rule: HttpRule, { method, path }: Request): boolean {
  if (rule.host || hasHeaders(rule)) return false;
  return matchesWhole(rule.method, method) && matchesWhole(rule.path, path);
}

const matchesWhole = (expression: string | null | undefined, text: string): boolean =>
  !expression || RE2JS.compile(expression).matches(text);
