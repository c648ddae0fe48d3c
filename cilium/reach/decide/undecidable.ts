/** Why a verdict is not decidable: a closed list, each with what is missing. */
import type { UnreadableKey } from "../compile/configuration.ts";
import { type Conflict, conflictText } from "../compile/conflicts.ts";
import { type Effect, type RuleReference, ruleText } from "../compile/rules.ts";
import { type Untranslatable, untranslatableText } from "../compile/translate.ts";
import { type Unknown, unknownText } from "../compile/unknown.ts";

export type Undecidable =
  /** Whether a rule is about the other end is not known, and it would change the verdict. */
  | { readonly kind: "peer"; readonly rule: RuleReference; readonly effect: Effect; readonly unknown: Unknown }
  /** Whether a rule is about this end is not known. */
  | { readonly kind: "subject"; readonly rule: RuleReference; readonly unknown: Unknown }
  /** The agent cannot compute the endpoint's policy. */
  | { readonly kind: "conflict"; readonly conflict: Conflict }
  /** The agent does not start with a value of its configuration, so that what it goes on to enforce is not known. */
  | { readonly kind: "configuration"; readonly unreadable: UnreadableKey }
  /** An end stands for several, and verdicts about them differ. */
  | { readonly kind: "cases"; readonly cases: readonly { readonly verdict: string; readonly circumstance: string }[] }
  /** A policy that may select an end cannot be read. */
  | { readonly kind: "broken-policy"; readonly policy: string }
  /** Where a connection to a Service arrives is not known. */
  | { readonly kind: "translation"; readonly why: Untranslatable };

export function undecidableText(reason: Undecidable): string {
  switch (reason.kind) {
    case "peer":
      return `${ruleText(reason.rule)} may ${reason.effect} it: ${unknownText(reason.unknown)}`;
    case "subject":
      return `${ruleText(reason.rule)} may apply here: ${unknownText(reason.unknown)}`;
    case "conflict":
      return conflictText(reason.conflict);
    case "configuration": {
      const { key, value, expected } = reason.unreadable;
      return `the agent does not start with ${key}: ${JSON.stringify(value)} in cilium-config; write ${expected}`;
    }
    case "cases":
      return reason.cases.map(({ verdict, circumstance }) => `${verdict} ${circumstance}`).join(", ");
    case "broken-policy":
      return `a policy that may select it is broken: ${reason.policy}`;
    case "translation":
      return untranslatableText(reason.why);
  }
}
