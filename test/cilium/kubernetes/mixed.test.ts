import assert from "node:assert/strict";
import fc from "fast-check";
import { basisLines, basisOf } from "../../../cilium/kubernetes/basis.ts";
import { inventoryOfObjects } from "../../../cilium/kubernetes/inventory.ts";
import { UnreadableObjects } from "../../../cilium/kubernetes/unreadable.ts";
import { ids, policy, read } from "./files.ts";

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const json = fc.jsonValue().map((value) => JSON.stringify(value, null, 2));

/** Sorts whose files are known by their names. */
const fileNames: Readonly<Record<string, string>> = { "a kustomization of anything": "kustomization.yaml" };

/** Files that are nobody's policy, of every sort that lies about in repositories. */
const foreign: Readonly<Record<string, fc.Arbitrary<string>>> = {
  "values of a chart": fc.dictionary(word, fc.oneof(word, fc.integer())).map((values) => JSON.stringify({ values })),
  "any JSON": json,
  "JSON with comments": json.map((text) => `// settings\n${text}\n`),
  "a Helm template": word.map((name) => `{{- if .Values.${name} }}\n${policy(name, "shop")}{{- end }}\n`),
  "a Helm template that is YAML": word.map((name) => policy(`"{{ .Release.Name }}-${name}"`, "shop")),
  "a policy with variables": word.map((name) => policy(name, "shop").replace("[{}]", `[{fromCIDR: ["\${LAN}"]}]`)),
  "tags of other programs": word.map((name) => `password: !secret ${name}\nlist: !include ${name}.yaml\n`),
  "an encrypted Secret": word.map(
    (name) => `apiVersion: v1\nkind: Secret\ndata: {a: "ENC[AES256_GCM,data:${name}]"}\nsops: {version: "3"}\n`,
  ),
  "a kind of another product": word.map(
    (name) => `apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: ${name}}\n`,
  ),
  "a kind that Cilium had": word.map(
    (name) => `apiVersion: cilium.io/v2alpha1\nkind: CiliumBGPPeeringPolicy\nmetadata: {name: ${name}}\n`,
  ),
  "a policy that is misspelt": word.map((name) =>
    policy(name, "shop").replace("CiliumNetworkPolicy", "CiliumNetworkPolcy"),
  ),
  "a policy with a field that there is not": word.map((name) => policy(name, "shop").replace("ingress", "ingres")),
  "a policy that is torn off": word.map((name) => policy(name, "shop").slice(0, -4)),
  "a policy without a namespace": word.map((name) => policy(name)),
  "a pod of the wrong form": word.map(
    (name) => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop, labels: [a]}\n`,
  ),
  "a chart's release": word.map(
    (name) =>
      `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: ${name}}\nspec: {targetNamespace: ${name}}\n`,
  ),
  "an Application for another folder": word.map(
    (name) =>
      `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: ${name}}\nspec: {source: {path: ${name}}, destination: {namespace: ${name}}}\n`,
  ),
  "an ApplicationSet over anything": fc
    .tuple(word, fc.constantFrom("list", "git", "matrix", "clusters"), fc.jsonValue(), word)
    .map(([name, generator, given, mark]) =>
      JSON.stringify({
        apiVersion: "argoproj.io/v1alpha1",
        kind: "ApplicationSet",
        metadata: { name },
        spec: {
          goTemplate: given === null,
          generators: [{ [generator]: given }, { list: { elements: [{ [mark]: given }] } }, given],
          template: { spec: { source: { path: `${name}/{{${mark}}}` }, destination: { namespace: `{{ ${mark} }}` } } },
        },
      }),
    ),
  "a kustomization of anything": fc
    .tuple(word, fc.array(fc.oneof(word, fc.constantFrom("..", ".", "https://example.com/a//b?ref=c"))))
    .map(([namespace, resources]) => JSON.stringify({ kind: "Kustomization", namespace, resources })),
  "no text at all": fc.string({ unit: "binary", maxLength: 40 }),
  "an empty file": fc.constantFrom("", "---\n", "# nothing\n"),
};

/** What says nothing that an answer would have to tell: it is empty, or only places or applies what other files hold. */
const silent = [
  ...["an empty file", "no text at all", "an Application for another folder"],
  ...["an ApplicationSet over anything", "a kustomization of anything"],
];

const strange = fc
  .constantFrom(...Object.keys(foreign))
  .chain((sort) => (foreign[sort] ?? fc.constant("")).map((text) => ({ sort, text })));
const good = fc.uniqueArray(word, { minLength: 1, maxLength: 5 });

describe("a folder with files of every sort", () => {
  it("gives every good policy, and nothing that is none", () => {
    fc.assert(
      fc.property(good, fc.array(strange, { maxLength: 12 }), (names, strangers) => {
        const files: Record<string, string> = Object.fromEntries([
          ...names.map((name) => [`good-${name}.yaml`, policy(`good-${name}`, "shop")]),
          ...strangers.map(({ sort, text }, index) => [`strange-${index}/${fileNames[sort] ?? "a.yaml"}`, text]),
        ]);
        const objects = read(files);
        assert.deepEqual(ids(objects), names.map((name) => `shop/good-${name}`).sort());
        const alone = read(Object.fromEntries(Object.entries(files).filter(([file]) => file.startsWith("good-"))));
        assert.deepEqual(objects.policies, alone.policies);
        assert.deepEqual(inventoryOfObjects(objects), inventoryOfObjects(alone));
        const basis = basisOf(objects, objects, true);
        assert.equal(basis.read.CiliumNetworkPolicy, names.length);
        assert.ok(basisLines(basis).every((line) => !/undefined|\[object/.test(line)));
      }),
      { numRuns: 500 },
    );
  });

  for (const [sort, texts] of Object.entries(foreign)) {
    if (silent.includes(sort)) continue;
    it(`names ${sort}, with its place, and takes it for an error when asked to be strict`, () => {
      fc.assert(
        fc.property(texts, (text) => {
          const files = { "good.yaml": policy("good", "shop"), "strange.yaml": text };
          const objects = read(files);
          const basis = basisOf(objects, objects, true);
          const named = JSON.stringify([basis.leftOut, basis.broken]);
          // JSON null is an empty file.
          if (text.trim() === "null") return;
          assert.match(named, /strange\.yaml/);
          if (basis.leftOut.some(({ reason }) => reason.startsWith("another kind"))) return;
          assert.throws(() => read(files, { strict: true }), UnreadableObjects);
        }),
        { numRuns: 50 },
      );
    });
  }

  it("reads a good document beside a strange one in the same file", () => {
    fc.assert(
      fc.property(
        word,
        fc.constantFrom("password: !secret a\n", "kind: [\n", "values: 1\n", `a: {b: \${C}}\n`),
        (name, text) => {
          const objects = read({ "all.yaml": `${text}---\n${policy(name, "shop")}---\n${text}` });
          assert.deepEqual(ids(objects), [`shop/${name}`]);
        },
      ),
    );
  });
});
