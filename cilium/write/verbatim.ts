/** Policies as the YAML of `cluster/verbatim/`. */
import { asWritten } from "../model/verbatim.ts";
import { namespaceOf } from "../policy/parts.ts";
import type { Policy } from "../policy/schema.ts";
import { yaml } from "../render/yaml.ts";

/** A policy that stays as it is, and why. */
export interface Kept {
  readonly policy: Policy;
  readonly reason: string;
}

/** A file for each namespace, and one for the clusterwide policies, by their paths seen from the project's folder. */
export const verbatimFiles = (kept: readonly Kept[]): Map<string, string> =>
  new Map(
    [...Map.groupBy(kept, ({ policy }) => namespaceOf(policy) ?? "clusterwide")].map(([name, group]) => [
      `cluster/verbatim/${name}.yaml`,
      group.map(({ policy, reason }) => `---\n# ${reason.replaceAll("\n", " ")}\n${yaml(asWritten(policy))}`).join(""),
    ]),
  );
