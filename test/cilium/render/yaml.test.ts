import assert from "node:assert/strict";
import fc from "fast-check";
import { CORE_SCHEMA, load, YAML11_SCHEMA } from "js-yaml";
import { yaml } from "../../../cilium/render/yaml.ts";

describe("YAML", () => {
  const words = [
    "y",
    "yes",
    "no",
    "on",
    "off",
    "true",
    "null",
    "~",
    "1e3",
    "0x1f",
    "012",
    "1_000",
    "12:30",
    "2024-01-01",
  ];
  const text = fc.oneof(fc.constantFrom(...words), fc.string(), fc.string({ unit: "grapheme" }));
  const object = fc.object({ key: text, values: [text, fc.integer(), fc.boolean(), fc.constant(null)] });

  it("says the same to readers of YAML 1.1, as kubectl is one, and of YAML 1.2", () => {
    fc.assert(
      fc.property(object, (value) => {
        const written = yaml(value);
        for (const schema of [YAML11_SCHEMA, CORE_SCHEMA]) assert.deepEqual(load(written, { schema }), value);
      }),
    );
  });

  it("writes shared parts out and leaves out what is undefined", () => {
    const shared = { app: "web" };
    assert.equal(yaml({ a: shared, b: shared, c: undefined }), "a:\n  app: web\nb:\n  app: web\n");
  });
});
