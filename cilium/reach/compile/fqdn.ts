/**
 * Which DNS names a `toFQDNs` selector or an L7 DNS rule selects (`pkg/policy/api/fqdn.go`,
 * `pkg/fqdn/matchpattern/matchpattern.go`).
 */
import type { FqdnSelector } from "../../policy/schema.ts";

/** A test for the names that a selector selects; names may be written with or without their last dot. */
export function nameMatcher({ matchName, matchPattern }: FqdnSelector): (name: string) => boolean {
  if (matchName) {
    // Cilium makes a pattern of a name too, but a name cannot hold a wildcard.
    const selected = absolute(matchName.trim().toLowerCase());
    return (name) => absolute(name.toLowerCase()) === selected;
  }
  const expression = patternExpression(matchPattern ?? "");
  return (name) => expression.test(absolute(name.toLowerCase()));
}

/** A name that stands for all that a pattern matches: one label for each `*`, two for a leading `**.`. */
export const sampleName = (pattern: string): string => pattern.replace(/^\*{2,}\./, "x.x.").replaceAll(/\*+/g, "x");

const absolute = (name: string): string => (name.endsWith(".") ? name : `${name}.`);

function patternExpression(written: string): RegExp {
  const label = "[-a-zA-Z0-9_]";
  if (/^\*+\.?$/.test(written)) return new RegExp(`(^(${label}+[.])+$)|(^[.]$)`);
  const pattern = absolute(written).trim().toLowerCase();
  const subdomains = /^\*{2,}\./.exec(pattern)?.[0] ?? "";
  const rest = pattern.slice(subdomains.length).split(/\*+/).map(literal).join(`${label}*`);
  return new RegExp(`^${subdomains === "" ? "" : `${label}+([.]${label}+)*[.]`}${rest}$`);
}

const literal = (text: string): string => text.replaceAll(".", "[.]");
