/** Exceptions from a rule: declared in its config, for one policy each, with a reason; listed whenever they apply. */
import { z } from "zod";

export const exemption = z.strictObject({
  policy: z.string().min(1).describe("The policy: namespace/name, or name of a clusterwide one"),
  finding: z
    .string()
    .min(1)
    .optional()
    .describe("What is accepted, as the violation words it after the place; without it, whatever the rule finds"),
  reason: z.string().min(1).describe("Why this is right here"),
});

export type Exemption = z.infer<typeof exemption>;

/** Exemptions that applied, by the URN of the resource, until the rule that lists them takes them out. */
export class ExemptionLog {
  readonly #applied = new Map<string, Map<string, string>>();

  add(urn: string, rule: string, finding: string, { policy, reason }: Exemption): void {
    const applied = this.#applied.get(urn) ?? new Map<string, string>();
    this.#applied.set(
      urn,
      applied.set(`${rule} ${finding}`, `${policy} is exempt from ${rule}: ${finding}. Reason: ${reason}`),
    );
  }

  take(urn: string): string[] {
    const applied = [...(this.#applied.get(urn)?.values() ?? [])];
    this.#applied.delete(urn);
    return applied;
  }
}
