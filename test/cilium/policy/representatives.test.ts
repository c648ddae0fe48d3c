import assert from "node:assert/strict";
import { matchesPod, representatives } from "../../../cilium/policy/representatives.ts";
import type { LabelSelector } from "../../../cilium/policy/schema.ts";
import { selectorRequirements } from "../../../cilium/policy/selector.ts";

describe("The pods that stand for a subject", () => {
  const pods = (selector: LabelSelector, namespace?: string) =>
    representatives(selector, namespace).map((pod) => Object.fromEntries(pod.map(({ key, value }) => [key, value])));
  const inShop = { "io.kubernetes.pod.namespace": "shop" };
  const app = (operator: "In" | "NotIn" | "Exists" | "DoesNotExist", values?: string[]) => ({
    key: "app",
    operator,
    values,
  });

  const cases: [string, LabelSelector, object[]][] = [
    ["carry its labels and its namespace", { matchLabels: { app: "web" } }, [{ ...inShop, app: "web" }]],
    [
      "are one for each value of a list",
      { matchExpressions: [app("In", ["a", "b"])] },
      [
        { ...inShop, app: "a" },
        { ...inShop, app: "b" },
      ],
    ],
    [
      "have some value where a label only has to exist",
      { matchExpressions: [app("Exists")] },
      [{ ...inShop, app: "any" }],
    ],
    ["lack what they may not have", { matchExpressions: [app("DoesNotExist")] }, [inShop]],
    ["lack what may not have some values", { matchExpressions: [app("NotIn", ["a"])] }, [inShop]],
    [
      "are none where it contradicts itself",
      { matchLabels: { app: "web" }, matchExpressions: [app("NotIn", ["web"])] },
      [],
    ],
    ["are none where it asks for another namespace", { matchLabels: { "io.kubernetes.pod.namespace": "other" } }, []],
  ];
  for (const [statement, selector, expected] of cases) {
    it(statement, () => assert.deepEqual(pods(selector, "shop"), expected));
  }

  it("have no namespace for a clusterwide policy", () => {
    assert.deepEqual(pods({ matchLabels: { app: "web" } }), [{ app: "web" }]);
  });

  it("satisfy requirements whatever cluster those name", () => {
    const [pod = []] = representatives({ matchLabels: { app: "web" } }, "shop");
    const ofCluster = (app: string) =>
      selectorRequirements({ matchLabels: { app, "io.cilium.k8s.policy.cluster": "x" } });
    assert.ok(matchesPod(ofCluster("web"), pod));
    assert.ok(!matchesPod(ofCluster("db"), pod));
  });
});
