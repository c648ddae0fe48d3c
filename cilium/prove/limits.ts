/** What a proxy lets through of connections that policies allow, and whether two proxies let through the same. */
import type { FqdnSelector, HttpRule } from "../policy/schema.ts";
import { nameMatcher } from "../reach/compile/fqdn.ts";
import type { Redirect } from "../reach/decide/decide.ts";
import { representativeNames } from "./names.ts";
import { isEveryRequest, requestBeyond } from "./requests.ts";

export type Limit =
  | { readonly kind: "http"; readonly lets: readonly HttpRule[] }
  | { readonly kind: "dns"; readonly lets: readonly FqdnSelector[] }
  /** @param text what rules say of names and certificates, where it is no list of names; it is compared as it is written */
  | { readonly kind: "tls"; readonly serverNames: readonly string[] | undefined; readonly text: string }
  /** What rules on requests say of names and certificates besides. */
  | { readonly kind: "certificates"; readonly text: string }
  | { readonly kind: "listener"; readonly listener: string };

/** What a proxy lets through that stops only what is none of its protocol, as Cilium writes it. */
export const everyRequest: readonly HttpRule[] = [{}];
export const everyName: readonly FqdnSelector[] = [{ matchPattern: "*" }];

export function limitsOf(redirect: Redirect | undefined): readonly Limit[] {
  switch (redirect?.parser) {
    case undefined:
      return [];
    case "http":
      return [{ kind: "http", lets: redirect.lets === "everything" ? everyRequest : redirect.lets }];
    case "dns":
      return [{ kind: "dns", lets: redirect.lets === "everything" ? everyName : redirect.lets }];
    case "tls":
      return [{ kind: "tls", serverNames: redirect.serverNames, text: "" }];
    case "crd":
      return [{ kind: "listener", listener: redirect.listener }];
  }
}

/** Whether a second list of limits lets through something that the first does not. */
export type Excess =
  | { readonly kind: "no" }
  | { readonly kind: "yes"; readonly example: string }
  | { readonly kind: "unknown"; readonly why: string };

const no: Excess = { kind: "no" };
const asWritten: Excess = {
  kind: "unknown",
  why: "rules on TLS server names and certificates are compared as they are written, and differ",
};

/** @param second limits that hold together, as at both ends of a connection; so do those of the first */
export function excess(first: readonly Limit[], second: readonly Limit[]): Excess {
  const all = first.map((limit) => beyond(limit, second));
  const found = all.find(({ kind }) => kind === "yes") ?? all.find(({ kind }) => kind === "unknown");
  // What terminates TLS decides what is read as a request at all.
  return first.length > 0 && found?.kind !== "yes" && certificatesOf(first) !== certificatesOf(second)
    ? asWritten
    : (found ?? no);
}

const certificatesOf = (limits: readonly Limit[]): string =>
  limits.flatMap((limit) => (limit.kind === "certificates" ? limit.text : [])).join();

/** Whether limits together let through something that one does not. */
function beyond(limit: Limit, others: readonly Limit[]): Excess {
  const each = others.map((other) => excessOf(limit, other));
  const [only, ...more] = each;
  if (only === undefined) return { kind: "yes", example: stoppedBy(limit) };
  if (each.some(({ kind }) => kind === "no")) return no;
  return more.length === 0
    ? only
    : { kind: "unknown", why: "what several proxies let through together is not compared" };
}

function stoppedBy(limit: Limit): string {
  switch (limit.kind) {
    case "http":
      return limit.lets.some(isEveryRequest) ? "what is not HTTP" : "every request, and what is not HTTP";
    case "dns":
      return limit.lets.some(({ matchPattern }) => matchPattern === "*")
        ? "what is not DNS"
        : "every name, and what is not DNS";
    case "tls":
    case "certificates":
      return "what is not TLS";
    case "listener":
      return `what listener ${limit.listener} stops`;
  }
}

function excessOf(first: Limit, second: Limit): Excess {
  if (first.kind === "http" && second.kind === "http") return httpExcess(first.lets, second.lets);
  if (first.kind === "dns" && second.kind === "dns") return dnsExcess(first.lets, second.lets);
  if (first.kind === "tls" && second.kind === "tls") {
    if (first.serverNames === undefined || second.serverNames === undefined)
      return first.serverNames === second.serverNames && first.text === second.text ? no : asWritten;
    const [before, after] = [first.serverNames, second.serverNames].map((names) => names.map(selectorOf));
    return dnsExcess(before ?? [], after ?? []);
  }
  if (first.kind === "certificates") return second.kind === first.kind && second.text === first.text ? no : asWritten;
  if (first.kind === "listener" && second.kind === "listener" && first.listener === second.listener) return no;
  return { kind: "yes", example: `what passes a proxy for ${protocolOf(second)}` };
}

/** Server names have the wildcards of DNS names. */
const selectorOf = (name: string): FqdnSelector => (name.includes("*") ? { matchPattern: name } : { matchName: name });

function protocolOf(limit: Limit): string {
  switch (limit.kind) {
    case "http":
    case "dns":
    case "tls":
      return limit.kind.toUpperCase();
    case "certificates":
      return "TLS";
    case "listener":
      return `listener ${limit.listener}`;
  }
}

function httpExcess(first: readonly HttpRule[], second: readonly HttpRule[]): Excess {
  const request = requestBeyond(first, second);
  if (request === undefined) return no;
  return request === "unknown"
    ? {
        kind: "unknown",
        why: "which requests the regular expressions of two sets of HTTP rules let through is not compared",
      }
    : { kind: "yes", example: request };
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

const without = <T>(items: readonly T[], others: readonly T[]): T[] => {
  const known = new Set(others.map((item) => JSON.stringify(item)));
  return items.filter((item) => !known.has(JSON.stringify(item)));
};
