/** What the rules of a pack share while Pulumi runs them. */
import { ExemptionLog } from "./exemptions.ts";
import { type PolicyResource, type Resource, readPolicy } from "./resource.ts";
import { Stack } from "./stack/stack.ts";

export class Run {
  readonly exemptions = new ExemptionLog();
  /** What was registered so far. */
  readonly registered = new Stack();
  readonly #policies = new Rounds<PolicyResource | undefined>();
  readonly #stacks = new Rounds<WholeStack>();

  /** The policy that a resource declares, before it is registered. */
  policy(rule: string, resource: Resource): PolicyResource | undefined {
    return this.#policies.get(resource.urn, rule, () => readPolicy(resource));
  }

  /** All resources, at the end. */
  stack(rule: string, resources: readonly Resource[]): WholeStack {
    return this.#stacks.get("", rule, () => {
      const stack = new Stack({ whole: true });
      const policies = resources.map((resource) => ({ resource, read: readPolicy(resource) }));
      for (const { resource, read } of policies) stack.add(resource, read);
      return { stack, policies };
    });
  }
}

type WholeStack = {
  readonly stack: Stack;
  readonly policies: readonly { readonly resource: Resource; readonly read: PolicyResource | undefined }[];
};

/**
 * Computes things once for all rules. Pulumi shows everything to one rule after the other, each time as a fresh copy; a
 * rule that asks again is in the next round, where the answer may be another.
 */
class Rounds<Value> {
  readonly #current = new Map<string, { readonly value: Value; readonly askedBy: Set<string> }>();

  get(key: string, rule: string, compute: () => Value): Value {
    const current = this.#current.get(key);
    if (current !== undefined && !current.askedBy.has(rule)) {
      current.askedBy.add(rule);
      return current.value;
    }
    const value = compute();
    this.#current.set(key, { value, askedBy: new Set([rule]) });
    return value;
  }
}
