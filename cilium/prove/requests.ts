/**
 * Which requests one set of HTTP rules lets through and another does not. Expressions are taken apart into what they write out
 * and beginnings with anything after them; of others only some of the texts that they match are known.
 */
import { RE2JS } from "re2js";
import { matchesWhole } from "../policy/expression.ts";
import type { HttpRule } from "../policy/schema.ts";

/**
 * A request that the second rules let through and the first do not, in words; undefined if there is none.
 * @returns `unknown` where that hangs on expressions that are not understood
 */
export function requestBeyond(first: readonly HttpRule[], second: readonly HttpRule[]): string | undefined {
  const added = second.filter((rule) => !first.some((other) => isWithin(rule, other))).flatMap(apart);
  const request = added.flatMap(requestsOf).find((request) => !first.some((rule) => lets(rule, request)));
  if (request !== undefined) return requestText(request);
  return added.every((rule) => first.some((other) => isWithin(rule, other))) ? undefined : "unknown";
}

export const isEveryRequest = (rule: HttpRule): boolean =>
  parts.every((part) => !rule[part]) && headersOf(rule).length === 0;

const parts = ["method", "path", "host"] as const;

const headersOf = ({ headers, headerMatches }: HttpRule): string[] =>
  [...(headers ?? []), ...(headerMatches ?? [])].map((one) => JSON.stringify(one));

/** Whether it is sure that a rule lets nothing through that another does not. */
const isWithin = (rule: HttpRule, wider: HttpRule): boolean =>
  headersOf(wider).every((header) => headersOf(rule).includes(header)) &&
  parts.every((part) => isNarrower(rule[part], wider[part]));

function isNarrower(expression: string | null | undefined, wider: string | null | undefined): boolean {
  if (!wider || expression === wider) return true;
  if (!expression) return false;
  const [own, other] = [casesOf(expression), casesOf(wider)];
  return (
    own?.every(({ text, isBeginning }) =>
      isBeginning ? other?.some((one) => one.isBeginning && text.startsWith(one.text)) : matchesWhole(wider, text),
    ) ?? false
  );
}

/** A text, or all that begin with it. */
type Case = { readonly text: string; readonly isBeginning: boolean };

/** What an expression matches as a whole; undefined where it has more than letters, alternatives and a last `.*`. */
function casesOf(expression: string): readonly Case[] | undefined {
  const inner = /^\^?\(?([^()]*?)\)?\$?$/.exec(expression)?.[1];
  const isGrouped = /^\^?\(.*\)\$?$/.test(expression);
  if (inner === undefined || (!isGrouped && /[()]/.test(expression))) return undefined;
  // An anchor outside a group belongs to one of its alternatives only.
  if (!isGrouped && inner.includes("|") && /^\^|\$$/.test(expression)) return undefined;
  const cases = inner.split("|").map((written): Case | undefined => {
    const isBeginning = written.endsWith(".*") && !written.endsWith("\\.*");
    const text = isBeginning ? written.slice(0, -2) : written;
    return /^(?:[-\w/ ~%:@=&,;!]|\\[-./+])*$/.test(text)
      ? { text: text.replaceAll(/\\(.)/g, "$1"), isBeginning }
      : undefined;
  });
  return cases.some((one) => one === undefined) ? undefined : cases.flatMap((one) => one ?? []);
}

/** A rule as several that together say the same, one for each text and beginning that its expressions match. */
function apart(rule: HttpRule): HttpRule[] {
  const [methods, paths, hosts] = parts.map((part): readonly (string | null | undefined)[] => {
    const expression = rule[part];
    return (expression ? casesOf(expression)?.map(expressionOf) : undefined) ?? [expression];
  });
  return (methods ?? []).flatMap((method) =>
    (paths ?? []).flatMap((path) => (hosts ?? []).map((host) => ({ ...rule, method, path, host }))),
  );
}

const expressionOf = ({ text, isBeginning }: Case): string => `${RE2JS.quote(text)}${isBeginning ? ".*" : ""}`;

type Request = {
  readonly method: string;
  readonly path: string;
  readonly host: string | undefined;
  /** As rules write what they demand. */
  readonly headers: readonly string[];
};

const requestText = ({ method, path, host, headers }: Request): string =>
  [`${method} ${path}`, ...(host === undefined ? [] : [`of ${host}`]), ...headers.map((one) => `with ${one}`)].join(
    " ",
  );

/** Requests that a rule lets through, with no other headers than it demands. */
function requestsOf(rule: HttpRule): Request[] {
  const headers = demandsOf(rule);
  const methods = rule.method ? textsOf(rule.method) : ["GET", "POST", "DELETE", "OTHER"];
  const paths = rule.path ? textsOf(rule.path) : ["/", "/other"];
  const hosts = rule.host ? textsOf(rule.host) : [undefined];
  return methods
    .flatMap((method) => paths.flatMap((path) => hosts.map((host) => ({ method, path, host, headers }))))
    .filter((request) => isWhole(request) && lets(rule, request));
}

const isWhole = ({ method, path, host }: Request): boolean => method !== "" && path.startsWith("/") && host !== "";

/** Texts that an expression made of letters and the usual wildcards may match. */
const textsOf = (expression: string): string[] =>
  casesOf(expression)?.flatMap(({ text, isBeginning }) => (isBeginning ? [text, `${text}x`, `${text}/x`] : [text])) ?? [
    ...["GET", "POST"],
    ...["", "x", "1"].map((text) => expression.replaceAll(/(\[[^\]]*\]|\.)[*+?]?/g, text).replaceAll(/[\\^$]/g, "")),
  ];

const lets = (rule: HttpRule, { method, path, host, headers }: Request): boolean =>
  demandsOf(rule).every((header) => headers.includes(header)) &&
  matchesWhole(rule.method, method) &&
  matchesWhole(rule.path, path) &&
  (!rule.host || (host !== undefined && matchesWhole(rule.host, host)));

/** The headers without which a rule lets no request through; one that is only noted or changed is not among them. */
const demandsOf = ({ headers, headerMatches }: HttpRule): string[] => [
  ...(headers ?? []),
  ...(headerMatches ?? []).flatMap((match) => (match.mismatch ? [] : [JSON.stringify(match)])),
];
