import assert from "node:assert/strict";
import type { ReadOptions } from "../../../cilium/kubernetes/read.ts";
import { ids, policy, read } from "./files.ts";

const kustomization = (...lines: string[]) => `kind: Kustomization\n${lines.join("\n")}\n`;

const component = (...lines: string[]) => `kind: Component\n${lines.join("\n")}\n`;

const flux = (path: string, targetNamespace: string, name = "one") => `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: ${name}, namespace: flux-system}
spec: {path: ${path}, targetNamespace: ${targetNamespace}}
`;

const argo = (path: string, namespace: string, recurse = false) => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec: {source: {path: ${path}, directory: {recurse: ${recurse}}}, destination: {namespace: ${namespace}}}
`;

const argoSet = (spec: readonly string[], path: string, namespace: string) => `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: shops, namespace: argocd}
spec:
  ${spec.join("\n  ")}
  template:
    metadata: {name: any}
    spec: {source: {path: "${path}"}, destination: {server: "{{server}}", namespace: "${namespace}"}}
`;

const goTemplate = "goTemplate: true";
const listOf = (...elements: string[]) => `generators: [{list: {elements: [${elements.join(", ")}]}}]`;
const foldersOf = (...directories: string[]) => `generators: [{git: {directories: [${directories.join(", ")}]}}]`;

type Case = readonly [
  about: string,
  files: Readonly<Record<string, string>>,
  /** `undefined/…` where nobody knows. */
  placed: readonly string[],
  options?: ReadOptions,
];

const cases: readonly Case[] = [
  ["what the object says", { "a.yaml": policy("a", "shop") }, ["shop/a"]],
  ["nothing, so that the policy is not judged", { "a.yaml": policy("a") }, []],
  [
    "--namespace, where the object says nothing",
    { "a.yaml": policy("a"), "b.yaml": policy("b", "x") },
    ["shop/a", "x/b"],
    { namespace: "shop" },
  ],
  [
    "a kustomization, for what it lists and only for that",
    {
      "k/kustomization.yaml": kustomization("namespace: shop", "resources: [a.yaml, b.yaml]"),
      "k/a.yaml": policy("a"),
      "k/b.yaml": policy("b", "x"),
      "k/c.yaml": policy("c", "x"),
    },
    ["shop/a", "shop/b", "x/c"],
  ],
  [
    "the outermost kustomization that names one",
    {
      "base/kustomization.yaml": kustomization("namespace: base", "resources: [a.yaml]"),
      "base/a.yaml": policy("a"),
      "overlays/prod/kustomization.yaml": kustomization("namespace: prod", "resources: [../../base]"),
    },
    ["prod/a"],
  ],
  [
    "none of two overlays that disagree",
    {
      "base/kustomization.yaml": kustomization("resources: [a.yaml]"),
      "base/a.yaml": policy("a", "shop"),
      "overlays/prod/kustomization.yaml": kustomization("namespace: prod", "resources: [../../base]"),
      "overlays/dev/kustomization.yaml": kustomization("namespace: dev", "resources: [../../base]"),
    },
    [],
  ],
  [
    "all of the kustomizations that use a component, which is there to be applied in several namespaces",
    {
      "components/deny/kustomization.yaml": component("resources: [a.yaml]"),
      "components/deny/a.yaml": policy("a"),
      "apps/web/kustomization.yaml": kustomization("namespace: web", "components: [../../components/deny]"),
      "apps/db/kustomization.yaml": kustomization("namespace: db", "components: [../../components/deny]"),
      "apps/cache/ks.yaml": flux("apps/cache/app", "cache"),
      "apps/cache/app/kustomization.yaml": kustomization("resources: [b.yaml]"),
      "apps/cache/app/b.yaml": policy("b"),
    },
    ["cache/b", "db/a", "web/a"],
  ],
  [
    "all of the Flux Kustomizations that use a component",
    {
      "components/deny/kustomization.yaml": component("resources: [a.yaml]"),
      "components/deny/a.yaml": policy("a"),
      "apps/web/kustomization.yaml": kustomization("components: [../../components/deny]"),
      "apps/db/kustomization.yaml": kustomization("components: [../../components/deny]"),
      "clusters/web.yaml": flux("apps/web", "web"),
      "clusters/db.yaml": flux("apps/db", "db", "two"),
    },
    ["db/a", "web/a"],
  ],
  [
    "no Flux Kustomization of another repository's root",
    {
      "clusters/apps.yaml": flux("./apps/web", "shop"),
      "clusters/other.yaml": flux("./", "other", "two").replace(
        "spec: {",
        "spec: {sourceRef: {kind: GitRepository, name: other}, ",
      ),
      "apps/web/a.yaml": policy("a"),
      "apps/db/b.yaml": policy("b", "x"),
    },
    ["shop/a", "x/b"],
  ],
  [
    "a Flux Kustomization of the root, where all are of one repository",
    { "ks.yaml": flux("./", "shop"), "apps/b.yaml": policy("b", "x") },
    ["shop/b"],
  ],
  [
    "a kustomization that takes itself in",
    { "k/kustomization.yaml": kustomization("namespace: shop", "resources: [a.yaml, ../k]"), "k/a.yaml": policy("a") },
    ["shop/a"],
  ],
  [
    "a Flux Kustomization, for its path from the root of the repository, before kustomize",
    {
      "repo/clusters/one/apps.yaml": flux("./apps/web", "shop"),
      "repo/apps/web/kustomization.yaml": kustomization("namespace: other", "resources: [a.yaml]"),
      "repo/apps/web/a.yaml": policy("a"),
      "repo/apps/db/b.yaml": policy("b", "x"),
    },
    ["shop/a", "x/b"],
  ],
  [
    "a Flux Kustomization, for a folder without a kustomization",
    { "clusters/ks.yaml": flux("apps", "shop"), "apps/deep/a.yaml": policy("a") },
    ["shop/a"],
  ],
  [
    "an Argo CD Application, where the object says nothing",
    {
      "argo/app.yaml": argo("apps/web", "shop"),
      "apps/web/a.yaml": policy("a"),
      "apps/web/b.yaml": policy("b", "x"),
      "apps/web/deep/c.yaml": policy("c"),
    },
    ["shop/a", "x/b"],
  ],
  [
    "an Argo CD Application, below its folder too",
    { "argo/app.yaml": argo("apps", "shop", true), "apps/deep/c.yaml": policy("c") },
    ["shop/c"],
  ],
  [
    "an Argo CD Application that tells kustomize one, whatever the object says",
    {
      "argo/app.yaml": argo("apps", "shop").replace("directory:", "kustomize: {namespace: other}, directory:"),
      "apps/c.yaml": policy("c", "x"),
    },
    ["other/c"],
  ],
  [
    "an ApplicationSet over a list",
    {
      "argo/set.yaml": argoSet(
        [listOf("{app: web, team: shop}", "{app: db, team: data}")],
        "apps/{{app}}",
        "{{ team }}",
      ),
      "apps/web/a.yaml": policy("a"),
      "apps/db/b.yaml": policy("b"),
      "apps/other/c.yaml": policy("c"),
    },
    ["data/b", "shop/a"],
  ],
  [
    "an ApplicationSet over a list, as a Go template",
    {
      "argo/set.yaml": argoSet([goTemplate, listOf("{app: {name: web}}")], "apps/{{.app.name}}", "{{ .app.name }}"),
      "apps/web/a.yaml": policy("a"),
    },
    ["web/a"],
  ],
  [
    "an ApplicationSet over folders, but for those that it excludes",
    {
      "argo/set.yaml": argoSet(
        [foldersOf("{path: teams/*/*}", "{path: teams/*/old, exclude: true}")],
        "{{path}}",
        "{{path.basename}}",
      ),
      "teams/a/web/a.yaml": policy("a"),
      "teams/b/db/b.yaml": policy("b"),
      "teams/b/old/c.yaml": policy("c"),
      "teams/d.yaml": policy("d"),
    },
    ["db/b", "web/a"],
  ],
  [
    "an ApplicationSet over folders, as a Go template",
    {
      "repo/argo/set.yaml": argoSet(
        [goTemplate, foldersOf("{path: teams/*/*}")],
        "{{.path.path}}",
        "{{index .path.segments 1}}-{{.path.basenameNormalized}}",
      ),
      "repo/teams/a/Web_1/a.yaml": policy("a"),
    },
    ["a-web-1/a"],
  ],
  [
    "an ApplicationSet over clusters and folders, where only the server is the clusters'",
    {
      "argo/set.yaml": argoSet(
        ["generators: [{matrix: {generators: [{clusters: {}}, {git: {directories: [{path: apps/*}]}}]}}]"],
        "{{path}}",
        "{{path.basename}}",
      ),
      "apps/web/a.yaml": policy("a"),
    },
    ["web/a"],
  ],
  [
    "not that of an ApplicationSet whose Applications its clusters tell",
    {
      "argo/set.yaml": argoSet(["generators: [{clusters: {}}]"], "apps/web", "{{name}}"),
      "apps/web/a.yaml": policy("a"),
    },
    [],
  ],
  [
    "not that of an ApplicationSet that asks for more than a parameter",
    {
      "argo/set.yaml": argoSet([goTemplate, listOf("{app: web-1}")], "apps/web", "{{ .app | trunc 3 }}"),
      "apps/web/a.yaml": policy("a"),
    },
    [],
  ],
  [
    "not that of an ApplicationSet that leaves some of its list out",
    {
      "argo/set.yaml": argoSet(
        ["generators: [{list: {elements: [{app: web}]}, selector: {matchLabels: {app: db}}}]"],
        "apps/web",
        "{{app}}",
      ),
      "apps/web/a.yaml": policy("a"),
    },
    [],
  ],
];

describe("the namespace of an object", () => {
  for (const [about, files, placed, options] of cases) {
    it(`is ${about}`, () => {
      assert.deepEqual(ids(read(files, options)), placed);
    });
  }

  it("is that of a Namespace itself, which kustomize renames", () => {
    const named = (folder: string) => ({
      [`apps/${folder}/kustomization.yaml`]: kustomization(`namespace: ${folder}`, "resources: [namespace.yaml]"),
      [`apps/${folder}/namespace.yaml`]: `apiVersion: v1\nkind: Namespace\nmetadata: {name: _, labels: {team: ${folder}}}\n`,
    });
    const { namespaces, leftOut } = read({ ...named("web"), ...named("db") });
    assert.deepEqual(namespaces.map(({ object: { metadata } }) => [metadata.name, metadata.labels?.team]).sort(), [
      ["db", "db"],
      ["web", "web"],
    ]);
    assert.deepEqual(leftOut, []);
  });

  it("leaves clusterwide policies where they are", () => {
    const text = policy("a").replace("kind: CiliumNetworkPolicy", "kind: CiliumClusterwideNetworkPolicy");
    const { policies, unplaced } = read({
      "kustomization.yaml": "namespace: shop\nresources: [a.yaml]",
      "a.yaml": text,
    });
    assert.deepEqual([policies.map(({ policy }) => policy.metadata.namespace), unplaced], [[undefined], []]);
  });

  it("may be what only Argo CD can tell, and then it is said how to ask it", () => {
    const set = argoSet(["generators: [{clusters: {}}]"], "apps/web", "{{name}}");
    const generated = { place: "argo/set.yaml", reason: "generated", detail: "shops" } as const;
    assert.deepEqual(read({ "argo/set.yaml": set, "apps/web/a.yaml": policy("a") }).leftOut, [
      { ...generated, render: "argocd appset generate argo/set.yaml" },
    ]);
    assert.deepEqual(read({ "argo/set.yaml": set, "apps/web/a.yaml": policy("a", "shop") }).leftOut, []);
  });

  it("names policies and pods without one", () => {
    const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n";
    const { unplaced, leftOut, pods } = read({ "a.yaml": policy("a"), "pod.yaml": pod });
    assert.deepEqual(
      unplaced.map(({ place }) => place),
      ["a.yaml"],
    );
    assert.deepEqual(leftOut, [{ place: "pod.yaml", reason: "without-namespace", detail: "Pod web" }]);
    assert.deepEqual(pods, []);
  });

  it("takes no patch for a policy, and names the command that applies it", () => {
    const files = {
      "k/kustomization.yaml": kustomization(
        "resources: [a.yaml, ../elsewhere]",
        "patches: [{path: patch.yaml}, {patch: 'kind: CiliumNetworkPolicy'}]",
      ),
      "k/a.yaml": policy("a", "shop"),
      "k/patch.yaml": policy("a", "shop").replace("[{}]", "[{fromEntities: [world]}]"),
    };
    const objects = read(files);
    assert.deepEqual(ids(objects), ["shop/a"]);
    assert.deepEqual(objects.leftOut.map(({ place, reason, render }) => [place, reason, render]).sort(), [
      ["k/kustomization.yaml", "out-of-reach", "kustomize build k"],
      ["k/kustomization.yaml", "patch", "kustomize build k"],
      ["k/patch.yaml", "patch", "kustomize build k"],
    ]);
  });
});
