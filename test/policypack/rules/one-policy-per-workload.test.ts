import { clusterwideWith, describeRule, only, policyWith, refused } from "../cases.ts";

const dns = clusterwideWith({});
const labelled = (name: string, selector: Parameters<typeof policyWith>[0]["endpointSelector"], namespace = "shop") =>
  policyWith({ endpointSelector: selector, egress: [{}] }, { name, namespace });
const workflow = { key: "workflow", operator: "Exists" as const };

describeRule("one-policy-per-workload", {
  bad: {
    "two policies with one subject": refused(
      /shop\/b endpointSelector: selects pods that shop\/a selects too/,
      labelled("a", { matchLabels: { app: "x" } }),
      labelled("b", { matchLabels: { app: "x" } }),
    ),
    "a subject within another": refused(
      /shop\/b/,
      labelled("a", { matchLabels: { app: "x" } }),
      labelled("b", { matchLabels: { app: "x", tier: "y" } }),
    ),
    "a subject around another": refused(
      /shop\/b/,
      labelled("a", { matchLabels: { app: "x", tier: "y" } }),
      labelled("b", { matchLabels: { app: "x" } }),
    ),
    "a policy for the whole namespace": refused(
      /shop\/b/,
      labelled("a", { matchLabels: { app: "x" } }),
      labelled("b", {}),
    ),
    "a value that two lists share": refused(
      /shop\/b/,
      labelled("a", { matchExpressions: [{ key: "app", operator: "In", values: ["x", "y"] }] }),
      labelled("b", { matchExpressions: [{ key: "app", operator: "In", values: ["y", "z"] }] }),
    ),
    "a catch-all that does not leave one out": refused(
      /shop\/b/,
      labelled("a", { matchExpressions: [workflow] }),
      labelled("b", { matchLabels: { backup: "true" }, matchExpressions: [workflow] }),
    ),
    "two policies with one name": refused(
      /metadata\.name: is the name of another policy/,
      labelled("a", { matchLabels: { app: "x" } }),
      { ...labelled("a", { matchLabels: { app: "y" } }), name: "again" },
    ),
  },
  good: {
    "subjects that differ in a value": only(
      labelled("a", { matchLabels: { app: "x" } }),
      labelled("b", { matchLabels: { app: "y" } }),
    ),
    "one subject in two namespaces": only(
      labelled("a", { matchLabels: { app: "x" } }),
      labelled("a", { matchLabels: { app: "x" } }, "other"),
    ),
    "a catch-all that leaves one out": only(
      labelled("a", { matchExpressions: [workflow, { key: "backup", operator: "DoesNotExist" }] }),
      labelled("b", { matchLabels: { backup: "true" }, matchExpressions: [workflow] }),
    ),
    "a clusterwide policy besides": only(dns, labelled("a", { matchLabels: { app: "x" } })),
    "a clusterwide policy with the name of a namespaced one": only(
      clusterwideWith({}, { name: "a" }),
      labelled("a", { matchLabels: { app: "x" } }),
    ),
  },
});
