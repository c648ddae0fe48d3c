import assert from "node:assert/strict";
import fc from "fast-check";
import { labelSelector, nameLabels, podOf } from "../../../cilium/model/labels.ts";
import type { LabelSelector } from "../../../cilium/policy/schema.ts";
import { matches, podIdentity, selectorRequirements, serviceAccountLabel } from "../../../cilium/policy/selector.ts";
import { podsSelected } from "../../../cilium/translate/selectors.ts";
import { Unsayable } from "../../../cilium/translate/unsayable.ts";

const seed = Number(process.env.SEED ?? 20261128);
const key = nameLabels[0] ?? "app";
const values = ["a", "b", "c"];

const condition = fc.oneof(
  fc.record({
    key: fc.constant(key),
    operator: fc.constantFrom("In" as const, "NotIn" as const),
    values: fc.subarray(values, { minLength: 1 }),
  }),
  fc.record({ key: fc.constant(key), operator: fc.constantFrom("Exists" as const, "DoesNotExist" as const) }),
);

/** Whether a pod with this value of the label, or without it, is selected. */
const selects = (selector: LabelSelector, value: string | undefined): boolean =>
  matches(
    selectorRequirements(selector),
    podIdentity({ namespace: "shop", cluster: "main", labels: value === undefined ? {} : { [key]: value } }),
  );

const sayable = (selector: LabelSelector) => {
  try {
    return podsSelected(selector, "shop", "main");
  } catch (error) {
    if (error instanceof Unsayable) return undefined;
    throw error;
  }
};

describe("A selector in the language's words", () => {
  it("selects the same by any conditions on one label, and is not said only where no pod meets them", () => {
    const all = [...values, "other", undefined];
    fc.assert(
      fc.property(fc.array(condition, { minLength: 1, maxLength: 4 }), (matchExpressions) => {
        const selector = { matchExpressions };
        const selected = all.filter((value) => selects(selector, value));
        const said = sayable(selector);
        assert.equal(said === undefined, selected.length === 0);
        if (said === undefined) return;
        const again = labelSelector(said.labels);
        assert.deepEqual(
          all.filter((value) => selects(again, value)),
          selected,
        );
      }),
      { seed, numRuns: 500 },
    );
  });

  it("names a service account by the label that Cilium gives it", () => {
    const { labels } = podsSelected({ matchLabels: { [`k8s:${serviceAccountLabel}`]: "vault" } }, "shop", "main");
    assert.deepEqual(labels, { [serviceAccountLabel]: "vault" });
    assert.equal(podOf({ [serviceAccountLabel]: "vault" }).serviceAccount, "vault");
  });

  it("leaves its own cluster out, and names others", () => {
    const of = (cluster: string) => sayable({ matchLabels: { "io.cilium.k8s.policy.cluster": cluster } })?.labels;
    assert.deepEqual(of("main"), {});
    assert.deepEqual(of("backup"), { "io.cilium.k8s.policy.cluster": "backup" });
    const both = {
      matchExpressions: [{ key: "io.cilium.k8s.policy.cluster", operator: "In" as const, values: ["main", "backup"] }],
    };
    assert.equal(sayable(both), undefined);
  });
});
