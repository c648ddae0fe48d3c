import type { ReportViolation, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import type { Rule } from "../rule.ts";

/** Lists what other rules let pass because their config says so; it stands after them. */
export const exemptions: Rule = {
  name: "exemptions",
  create: ({ exemptions }, { enforcementLevel = "advisory" }): ResourceValidationPolicy & StackValidationPolicy => {
    const list = (urn: string, report: ReportViolation) => {
      for (const applied of exemptions.take(urn)) report(applied, urn);
    };
    return {
      name: "exemptions",
      description: "Exemptions of the pack's config that apply to this policy, for everybody to see.",
      enforcementLevel,
      validateResource: ({ urn }, report) => list(urn, report),
      validateStack: ({ resources }, report) => {
        for (const { urn } of resources) list(urn, report);
      },
    };
  },
};
