import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { drift } from "../../../cilium/stored/drift.ts";
import { renderedPolicies } from "../../rendered.ts";

describe("drift", () => {
  it("is none between a value and itself, read back from JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => assert.deepEqual(drift(JSON.parse(JSON.stringify(value)), value), [])),
    );
    for (const { spec } of renderedPolicies()) assert.deepEqual(drift(JSON.parse(JSON.stringify(spec)), spec), []);
  });

  it("is found between any two values that are not equal", () => {
    const filled = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value, (_, part) => part ?? undefined) ?? "0");
    fc.assert(
      fc.property(fc.jsonValue().map(filled), fc.jsonValue().map(filled), (stored, rendered) => {
        assert.equal(drift(stored, rendered).length === 0, isDeepStrictEqual(stored, rendered));
      }),
    );
  });

  it("names the field, what is stored and what is rendered; absent and null are the same", () => {
    assert.deepEqual(
      drift(
        { egress: [{ toEntities: ["world"] }], ingress: null, labels: { "a/b": "1" } },
        { egress: [{ toEntities: ["host"] }, {}], labels: {} },
        "spec",
      ),
      [
        { place: "spec.egress[0].toEntities[0]", stored: '"world"', rendered: '"host"' },
        { place: "spec.egress[1]", stored: "absent", rendered: "{}" },
        { place: "spec.labels.a/b", stored: '"1"', rendered: "absent" },
      ],
    );
  });
});
