/** What the rules that say something about a connection come to at one end of it. */
import { isDeepStrictEqual } from "node:util";
import type { L7 } from "../reach/compile/ports.ts";
import { type Effect, type Tier, tiers } from "../reach/compile/rules.ts";
import { serverNamesOf } from "../reach/decide/decide.ts";
import { everyName, everyRequest, excess, type Limit } from "./limits.ts";

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
  /** @param limits that hold together */
  | { readonly allowed: true; readonly limits: readonly Limit[]; readonly authentication: readonly string[] };

export const isEarlier = (a: RuleContent, b: RuleContent): boolean =>
  a.tier === b.tier ? a.priority < b.priority : tiers.indexOf(a.tier) < tiers.indexOf(b.tier);

const plainly: Outcome = { allowed: true, limits: [], authentication: [] };
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

function allowedBy(rules: readonly RuleContent[], isolated: boolean): Outcome {
  const demanded = rules.filter(demandsAuthentication).map(({ authentication }) => authentication ?? "");
  return { allowed: true, limits: limitsBy(rules, isolated), authentication: [...new Set(demanded)].sort() };
}

/** As `redirectOf` in the room that decides, with what is said of certificates. */
function limitsBy(rules: readonly RuleContent[], isolated: boolean): readonly Limit[] {
  const proxied = rules.flatMap(({ l7 }) => l7 ?? []);
  const [first, ...rest] = proxied;
  if (first === undefined) return [];
  const taking = rest.reduce((best, l7) => (l7.priority < best.priority ? l7 : best), first);
  const lifted = !isolated || proxied.length < rules.length;
  switch (taking.parser) {
    case "http":
      return [
        { kind: "http", lets: lifted ? everyRequest : distinct(proxied.flatMap(({ http }) => http)) },
        ...(proxied.some(saysOfTls) ? [{ kind: "certificates", text: tlsText(rules) } as const] : []),
      ];
    case "dns":
      return [{ kind: "dns", lets: lifted ? everyName : distinct(proxied.flatMap(({ dns }) => dns)) }];
    case "tls": {
      const serverNames = serverNamesOf(rules.map(({ l7 }) => l7));
      return [{ kind: "tls", serverNames, text: serverNames === undefined ? tlsText(rules) : "" }];
    }
    case "crd":
      return [{ kind: "listener", listener: taking.listener ?? "" }];
  }
}

export const saysOfTls = ({ serverNames, terminatingTLS, originatingTLS }: L7): boolean =>
  serverNames.length > 0 || terminatingTLS !== undefined || originatingTLS !== undefined;

/** What rules say of names and certificates, and whether some say nothing. */
const tlsText = (rules: readonly RuleContent[]): string =>
  [
    ...new Set(
      rules.map(({ l7 }) =>
        l7 === undefined || !saysOfTls(l7)
          ? ""
          : JSON.stringify([l7.serverNames.toSorted(), l7.terminatingTLS, l7.originatingTLS]),
      ),
    ),
  ]
    .sort()
    .join();

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
  if (before.authentication.length > 0 && after.authentication.length === 0) {
    return { differs: true, example: "what is not authenticated" };
  }
  if (before.authentication.some((mode) => !after.authentication.includes(mode))) {
    return { differs: "unclear", why: "which of several demands for mutual authentication is heeded is not judged" };
  }
  const more = excess(before.limits, after.limits);
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
