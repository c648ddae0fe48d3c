/** Selectors of pods and nodes. */
import fc from "fast-check";
import type { Straying } from "./straying.ts";

export function selectors({ or, record }: Straying): fc.Arbitrary<unknown> {
  const labelKey = or(
    fc.constantFrom(
      "app",
      "app.kubernetes.io/name",
      "k8s:app",
      "any:tier",
      "reserved:host",
      "io.kubernetes.pod.namespace",
    ),
    fc.constantFrom(
      "",
      "a b",
      "-app",
      "app-",
      "a/b/c",
      "/app",
      "app/",
      "a:b:c",
      ":app",
      "k-8:app",
      "A.b/c",
      "$host",
      "x".repeat(64),
      `${"x".repeat(254)}/a`,
      "a_b/c",
      "k8s:",
      "K8S:app",
      "app:k8s.io/x",
    ),
    fc.constantFrom("app"),
    18,
  );
  const labelValue = or(
    fc.constantFrom("web", "", "a.b_c-d", "1"),
    fc.constantFrom("web"),
    fc.constantFrom("-web", "web-", "a b", "ü", "x".repeat(64), 1, true),
  );
  const expressionValue = or(
    fc.constantFrom("web", "", "b"),
    fc.constantFrom("-b", "a b", "x".repeat(64)),
    fc.constantFrom(1, null),
  );
  const expression = fc.oneof(
    record({
      key: labelKey,
      operator: fc.constantFrom("In", "NotIn"),
      values: or(
        fc.array(expressionValue, { minLength: 1, maxLength: 2 }),
        fc.constantFrom([], null, undefined),
        fc.constantFrom("x", {}),
        10,
      ),
    }),
    record({
      key: labelKey,
      operator: or(
        fc.constantFrom("Exists", "DoesNotExist"),
        fc.constant("Exists"),
        fc.constantFrom("Gt", "", "exists"),
      ),
      values: or(fc.constantFrom(undefined, [], null), fc.constant(["a"]), fc.constant([1]), 10),
    }),
  );
  return or(
    fc.oneof(
      fc.constant({}),
      record({ matchLabels: fc.dictionary(labelKey.map(String), labelValue, { minKeys: 1, maxKeys: 2 }) }),
      record({ matchExpressions: fc.array(expression, { minLength: 1, maxLength: 2 }) }),
    ),
    fc.constant({ matchLabels: null }),
    fc.constantFrom([], "app=web", { app: "web" }),
    30,
  );
}
