import assert from "node:assert/strict";
import type { Reason } from "../../../cilium/kubernetes/left-out.ts";
import { parseText } from "../../../cilium/kubernetes/text.ts";
import { policy } from "./files.ts";

const a = policy("a", "shop");

type Case = readonly [
  about: string,
  text: string,
  /** The places of what is read. */
  documents: readonly string[],
  leftOut?: readonly (readonly [place: string, reason: Reason])[],
  broken?: readonly string[],
];

const cases: readonly Case[] = [
  ["one document", a, ["f.yaml"]],
  ["several, one of them empty", `${a}---\n---\n${a}`, ["f.yaml, document 1", "f.yaml, document 3"]],
  ["a byte order mark and line ends of Windows", `\uFEFF${a.replaceAll("\n", "\r\n")}`, ["f.yaml"]],
  ["JSON", '{"apiVersion": "v1", "kind": "Pod"}', ["f.yaml"]],
  [
    "the items of a List and of a typed one",
    '{"apiVersion":"v1","kind":"List","items":[{"kind":"Pod"},{"apiVersion":"v1","kind":"NodeList","items":[{}]}]}',
    ["f.yaml, item 1", "f.yaml, item 2, item 1"],
  ],
  [
    "the items of a List beside what is no object",
    '{"apiVersion":"v1","kind":"List","items":[null,{"kind":"Pod"},{"kind":7}]}',
    ["f.yaml, item 1", "f.yaml, item 2", "f.yaml, item 3"],
  ],
  ["nothing but comments", "# nothing\n", []],
  [
    "a comment before the first document",
    `# first\n---\n${a}---\nkind: [`,
    ["f.yaml, document 1"],
    [["f.yaml, document 2, line 8", "not-yaml"]],
  ],
  [
    "a broken document between others",
    `${a}---\nvalues: [1\n---\n${a}`,
    ["f.yaml, document 1", "f.yaml, document 3"],
    [["f.yaml, document 2, line 7", "not-yaml"]],
  ],
  ["JSON with comments", '// settings\n{"a": 1,}', [], [["f.yaml, line 2", "not-yaml"]]],
  ["tags of other programs", "password: !secret wifi\n", [], [["f.yaml", "foreign-tag"]]],
  [
    "a tag in one document only",
    `a: !Sub x\n---\n${a}`,
    ["f.yaml, document 2"],
    [["f.yaml, document 1", "foreign-tag"]],
  ],
  [
    "a Helm template, whose documents depend on each other",
    `{{- if .Values.on }}\n---\n${a}---\n{{- end }}\n`,
    [],
    [["f.yaml", "template"]],
  ],
  ["variables where YAML takes none", `ports: [{port: \${PORT}}]\n`, [], [["f.yaml", "variables"]]],
  [
    "a policy that is no YAML",
    `${a}---\n${a}  - [\n`,
    ["f.yaml, document 1"],
    [],
    ["f.yaml, document 2, line 10: CiliumNetworkPolicy shop/a"],
  ],
  ["a key that is written twice", `${a}kind: Pod\n`, [], [], ["f.yaml, line 5: CiliumNetworkPolicy shop/a"]],
];

describe("Kubernetes objects in text", () => {
  for (const [about, text, documents, leftOut = [], broken = []] of cases) {
    it(`reads ${about}`, () => {
      const parsed = parseText(text, "f.yaml");
      assert.deepEqual(
        parsed.documents.map(({ place }) => place),
        documents,
      );
      assert.deepEqual(
        parsed.leftOut.map(({ place, reason }) => [place, reason]),
        leftOut,
      );
      assert.deepEqual(
        parsed.broken.map(({ place, kind, namespace, name }) => `${place}: ${kind} ${namespace}/${name}`),
        broken,
      );
    });
  }

  it("names the command that renders a chart", () => {
    assert.equal(parseText("{{ x }}: {{ y", "apps/web/templates/a.yaml").leftOut[0]?.render, "helm template apps/web");
    assert.equal(parseText("{{ x }}: {{ y", "templates/a.yaml").leftOut[0]?.render, "helm template .");
    assert.equal(parseText("{{ x }}: {{ y", "a.yaml").leftOut[0]?.render, undefined);
  });
});
