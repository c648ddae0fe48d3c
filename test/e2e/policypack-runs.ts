/** Programs and events of the tests that run the policy pack in the real engine. */
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import type { EngineEvent, PolicyEvent } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";
import type { Registered } from "../policypack/registration.ts";

/** Stands in a policy's spec for the id of the resource before it, which a preview does not know. */
export const idOfTheOneBefore = "id-of-the-one-before";

/** A program that registers resources one after the other. */
export function declare(resources: readonly Registered[], cluster: { kubeconfig: string; context?: string }): void {
  const provider = new Provider("cluster", { kubeconfig: cluster.kubeconfig, context: cluster.context });
  const earlier: CustomResource[] = [];
  for (const resource of resources) {
    const { apiVersion, kind, metadata, spec } = manifestOf(resource);
    // The API server of the tests collects no garbage, so a deletion in the foreground would never end.
    const annotations = { "pulumi.com/deletionPropagationPolicy": "background" };
    const id = earlier.at(-1)?.id;
    const known = JSON.stringify(spec).includes(idOfTheOneBefore) ? id?.apply((id) => withId(spec, id)) : spec;
    const args = { apiVersion, kind, metadata: { ...metadata, annotations }, spec: known };
    earlier.push(new CustomResource(resource.name, args, { provider, dependsOn: [...earlier] }));
  }
}

/** Collects what policy packs say in the course of one operation. */
export function recordViolations(): { violations: PolicyEvent[]; onEvent: (event: EngineEvent) => void } {
  const violations: PolicyEvent[] = [];
  return { violations, onEvent: ({ policyEvent }) => policyEvent && violations.push(policyEvent) };
}

/** The mandatory rules that were violated. */
export const mandatoryRules = (violations: readonly PolicyEvent[]): string[] => [
  ...new Set(violations.filter(({ enforcementLevel }) => enforcementLevel === "mandatory").map((v) => v.policyName)),
];

const manifestSchema = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.record(z.string(), z.unknown()),
  spec: z.unknown(),
});

/** The manifest of a policy, of which the arguments of resources are made. */
export const manifestOf = ({ props }: Registered) => manifestSchema.parse(props);

const withId = (spec: unknown, id: string): unknown =>
  JSON.parse(JSON.stringify(spec).replaceAll(idOfTheOneBefore, id));
