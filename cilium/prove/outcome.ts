/** What the rules that say something about a connection come to at one end of it. */
import { isDeepStrictEqual } from "node:util";
import type { L7 } from "../reach/compile/ports.ts";
import { type Effect, type Tier, tiers } from "../reach/compile/rules.ts";
import { excess, type Limit, noLimit } from "./limits.ts";

/** What a rule says where it matches, or that it isolates or at least selects the end. */
export type Content =
  | {
      readonly kind: "rule";
      readonly tier: Tier;
      readonly priority: number;
      readonly effect: Effect;
      readonly l7: L7 | undefined;
      readonly authentication: string | undefined;
    }
  | { readonly kind: "default-deny" }
  | { readonly kind: "selected" };

export type RuleContent = Content & { readonly kind: "rule" };

/** What decides at an end besides the rules. */
export type Circumstances = {
  readonly isEnforced: boolean;
  /** The agent drops the protocol. */
  readonly isOff: boolean;
  readonly isIsolated: boolean;
  /** Whether the other end is the subject's own node, which needs no rule. */
  readonly admitsPeer: boolean;
  readonly isAudited: boolean;
};

export type Outcome =
  | { readonly allowed: false }
  | { readonly allowed: true; readonly limit: Limit; readonly authentication: readonly string[] };

export const isEarlier = (a: RuleContent, b: RuleContent): boolean =>
  a.tier === b.tier ? a.priority < b.priority : tiers.indexOf(a.tier) < tiers.indexOf(b.tier);

const plainly: Outcome = { allowed: true, limit: noLimit, authentication: [] };
const denied: Outcome = { allowed: false };

/** The outcome of what certainly matches, where nothing else can. */
export function outcomeOf(matching: readonly Content[], circumstances: Circumstances): Outcome {
  if (circumstances.isOff) return denied;
  if (!circumstances.isEnforced) return plainly;
  const decided = decide(matching, circumstances);
  return !decided.allowed && circumstances.isAudited ? plainly : decided;
}

function decide(matching: readonly Content[], { isIsolated, admitsPeer }: Circumstances): Outcome {
  const isolated = isIsolated || matching.some(({ kind }) => kind === "default-deny");
  let rules = matching.filter((content) => content.kind === "rule");
  while (rules.length > 0) {
    const first = rules.reduce((best, rule) => (isEarlier(rule, best) ? rule : best));
    const level = rules.filter((rule) => !isEarlier(first, rule));
    if (level.some(({ effect }) => effect === "deny")) return denied;
    const allowing = level.filter(({ effect }) => effect === "allow");
    if (allowing.length > 0) return allowedBy(allowing, isolated);
    rules = rules.filter((rule) => rule.tier !== first.tier);
  }
  if (!isolated) return plainly;
  // The own node of an end that no rule selects is let in by none.
  return admitsPeer && (!isIsolated || matching.some(({ kind }) => kind === "selected")) ? plainly : denied;
}

export const demandsAuthentication = ({ authentication }: RuleContent): boolean =>
  authentication !== undefined && authentication !== "disabled";

/** As `redirectOf` in the room that decides, but for the proxies that let everything through. */
function allowedBy(rules: readonly RuleContent[], isolated: boolean): Outcome {
  const demanded = rules.filter(demandsAuthentication).map(({ authentication }) => authentication ?? "");
  return { allowed: true, limit: limitBy(rules, isolated), authentication: [...new Set(demanded)].sort() };
}

function limitBy(rules: readonly RuleContent[], isolated: boolean): Limit {
  const proxied = rules.flatMap(({ l7 }) => l7 ?? []);
  const [first, ...rest] = proxied;
  if (first === undefined) return noLimit;
  const taking = rest.reduce((best, l7) => (l7.priority < best.priority ? l7 : best), first);
  const lifted = !isolated || rules.some(({ l7 }) => l7 === undefined);
  switch (taking.parser) {
    case "http":
      return lifted ? noLimit : { kind: "http", lets: distinct(proxied.flatMap(({ http }) => http)) };
    case "dns":
      return lifted ? noLimit : { kind: "dns", lets: distinct(proxied.flatMap(({ dns }) => dns)) };
    case "tls":
      return { kind: "tls", text: distinct(proxied.map(tlsText)).sort().join() };
    case "crd":
      return { kind: "listener", listener: taking.listener ?? "" };
  }
}

const tlsText = ({ serverNames, terminatingTLS, originatingTLS }: L7): string =>
  JSON.stringify([serverNames.toSorted(), terminatingTLS, originatingTLS]);

const distinct = <T>(items: readonly T[]): T[] =>
  items.filter((item, i) => items.findIndex((other) => isDeepStrictEqual(item, other)) === i);

/** Whether an outcome after lets through what one before does not; for some it is not known. */
export type Comparison = { readonly differs: false } | { readonly differs: true; readonly example?: string } | Unclear;

export type Unclear = { readonly differs: "unclear"; readonly why: string };

const same: Comparison = { differs: false };

/** Whether the second of two outcomes allows what the first does not. */
export function opens(before: Outcome, after: Outcome): Comparison {
  if (!after.allowed) return same;
  if (!before.allowed) return { differs: true };
  if (before.authentication.length > 0 && after.authentication.length === 0) return { differs: true };
  if (before.authentication.some((mode) => !after.authentication.includes(mode))) {
    return { differs: "unclear", why: "which of several demands for mutual authentication is heeded is not judged" };
  }
  const more = excess(before.limit, after.limit);
  switch (more.kind) {
    case "no":
      return same;
    case "yes":
      return { differs: true, example: more.example };
    case "unknown":
      return { differs: "unclear", why: more.why };
  }
}

/** Whether two outcomes differ in any way. */
export function differ(before: Outcome, after: Outcome): Comparison {
  const [opened, closed] = [opens(before, after), opens(after, before)];
  if (opened.differs === true) return opened;
  return closed.differs === true || opened.differs === false ? closed : opened;
}
