/** What else a permitted connection has to satisfy, in words: what a proxy lets through, and mutual authentication. */
import type { FqdnSelector, HttpRule } from "../../policy/schema.ts";
import type { EndVerdict, Redirect, Verdict } from "../decide/verdict.ts";

/** The conditions of both ends, each once, in a fixed order; none for a connection that is not permitted. */
export const conditionsOf = ({ egress, ingress }: Verdict): string[] =>
  [...new Set([...endConditions(egress), ...endConditions(ingress)])].sort();

function endConditions(end: EndVerdict): string[] {
  if (end.verdict !== "allowed") return [];
  return [
    ...(end.redirect === undefined ? [] : [redirectText(end.redirect)]),
    ...(end.authentication.length === 0 ? [] : ["mutual authentication"]),
  ];
}

/** What a proxy lets through, such as `L7 HTTP: GET /metrics`. */
export function redirectText(redirect: Redirect): string {
  switch (redirect.parser) {
    case "http":
      return redirect.lets === "everything" ? "L7 HTTP" : withList("L7 HTTP", redirect.lets.map(httpText));
    case "dns":
      return redirect.lets === "everything" ? "L7 DNS" : withList("L7 DNS", redirect.lets.map(nameText));
    case "tls":
      return redirect.serverNames === undefined ? "L7 TLS" : withList("L7 TLS", redirect.serverNames);
    case "crd":
      return `Envoy listener ${redirect.listener}`;
  }
}

/** A rule that asks for nothing lets everything through, whatever the others say. */
const withList = (title: string, items: readonly string[]): string =>
  items.includes("") ? title : `${title}: ${[...new Set(items)].sort().join(", ")}`;

function httpText({ method, path, host, headers, headerMatches }: HttpRule): string {
  const parts = [
    method,
    path,
    host && `on ${host}`,
    ...(headers ?? []).map((header) => `with ${header}`),
    ...(headerMatches ?? []).map((match) => `with ${JSON.stringify(match)}`),
  ];
  return parts.filter((part) => part).join(" ");
}

const nameText = ({ matchName, matchPattern }: FqdnSelector): string => {
  const name = matchName ?? matchPattern ?? "";
  return name === "*" ? "" : name;
};
