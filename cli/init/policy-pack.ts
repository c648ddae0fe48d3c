/** What a new project tells the policy pack: which policies break a rule as they did before there was one. */
import type { Cluster } from "../../cilium/model/cluster.ts";
import { policyName } from "../../cilium/policy/parts.ts";
import { laidOut } from "../../cilium/write/layout.ts";
import type { Program } from "../../components/program.ts";
import { packConfigOf } from "../../policypack/rules.ts";
import { violations, violationsAsRegistered } from "../pack.ts";

const reason = "as it was before";

/**
 * The config that exempts every policy from the rules that it breaks; undefined where none breaks one. What is wrong between
 * two policies the pack says of the one that Pulumi registers later, which either may be.
 */
export function policyPackOf({ cluster, policies }: Program): Cluster["policyPack"] {
  const config = packConfigOf(cluster);
  const clusterwide = policies.filter(({ metadata }) => metadata.namespace === undefined);
  const others = policies.filter(({ metadata }) => metadata.namespace !== undefined);
  const broken = [
    ...violations(policies, [], config),
    ...violationsAsRegistered([...clusterwide, ...others], config),
    ...violationsAsRegistered([...clusterwide, ...others.toReversed()], config),
  ].flatMap(({ level, rule, policy }) =>
    level === "mandatory" && policy !== undefined ? [{ rule, policy: policyName(policy) }] : [],
  );
  if (broken.length === 0) return undefined;
  return Object.fromEntries(
    [...Map.groupBy(broken, ({ rule }) => rule)].map(([rule, found]) => [
      rule,
      { exemptions: [...new Set(found.map(({ policy }) => policy))].map((policy) => ({ policy, reason })) },
    ]),
  );
}

/** The same as `cluster/policy-pack.ts`. */
export function policyPackText(config: NonNullable<Cluster["policyPack"]>): string {
  const rules = Object.entries(config).map(([rule, { exemptions }]) => {
    const names = Array.isArray(exemptions) ? exemptions.map(({ policy }) => JSON.stringify(policy)) : [];
    const list = laidOut(`asBefore(${names.join(", ")})`, { indent: 4, before: "exemptions: ", after: "," });
    return `  ${JSON.stringify(rule)}: {\n${list}\n  },\n`;
  });
  return `/** Policies that break a rule of the policy pack as they did before. Whoever mends one takes it out here. */
const asBefore = (...policies: string[]) => policies.map((policy) => ({ policy, reason: ${JSON.stringify(reason)} }));

export const policyPack = {
${rules.join("")}};
`;
}
