import assert from "node:assert/strict";
import { basisLines, basisOf } from "../../../cilium/kubernetes/basis.ts";
import { policy, read } from "./files.ts";

const config = (data: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\ndata: {${data}}\n`;

const basis = (files: Readonly<Record<string, string>>, all = false) => {
  const objects = read(files);
  return basisOf(objects, objects, all);
};

describe("what an answer rests on", () => {
  it("counts what was read by kind, and names what is not known", () => {
    const { read, unknown } = basis({
      "policies.yaml": `${policy("a", "shop")}---\n${policy("b", "shop")}`,
      "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n",
      "config.yaml": config('cluster-name: "east"'),
    });
    assert.deepEqual(read, { CiliumNetworkPolicy: 2, Pod: 1, "cilium-config": 1 });
    assert.deepEqual(unknown, ["Namespace", "Node", "Service", "CiliumCIDRGroup"]);
  });

  it("names the first places of a reason, or all of them when asked", () => {
    const files = Object.fromEntries(
      [1, 2, 3, 4, 5].map((n) => [`chart/templates/${n}.yaml`, "{{ .Values.a }}: {{ b"]),
    );
    const [first] = basis(files).leftOut;
    assert.deepEqual([first?.count, first?.places.length, first?.render], [5, 3, ["helm template chart"]]);
    assert.equal(basis(files, true).leftOut[0]?.places.length, 5);
    assert.match(
      basisLines(basis(files)).join("\n"),
      /^Left out 5 \(template with \{\{ \}\}\): .*; and 2 more \(--verbose\)/m,
    );
  });

  it("says which policies the agent does not enforce, by the key that decides", () => {
    const { notes } = basis({
      "a.yaml": policy("a", "shop"),
      "config.yaml": config('enable-cilium-network-policy: "False"'),
    });
    assert.deepEqual(notes, ["1 CiliumNetworkPolicy is not enforced: enable-cilium-network-policy is false"]);
  });

  it("says of a policy that Cilium refuses that it is not enforced, and why", () => {
    const refused = policy("a", "shop").replace("[{}]", '[{fromEntities: [world], fromCIDR: ["192.0.2.0/24"]}]');
    assert.match(
      basis({ "a.yaml": refused }).broken.join(),
      /^a\.yaml: CiliumNetworkPolicy shop\/a: Cilium refuses it, so it is not enforced: ingress\[0\]: combining/,
    );
  });

  it("lists once the keys of the configuration that would change an answer, where it is not known, and how", () => {
    const files = { "a.yaml": policy("a", "shop") };
    const keys = ["enable-policy", "policy-audit-mode", "allow-localhost"];
    assert.deepEqual(
      basis(files).assumed.map(({ key }) => key),
      keys,
    );
    assert.deepEqual(basis(files).notes, []);
    assert.match(
      basis(files, true).notes.join("\n"),
      /^enable-policy is taken to be default, since there is no cilium-config: always closes endpoints/,
    );
    assert.deepEqual(basis({ ...files, "config.yaml": config("") }).assumed, []);
  });

  it("says what the agent of the objects' own configuration refuses", () => {
    const files = {
      "a.yaml": policy("a", "shop").replace("[{}]", "[{icmps: [{fields: [{type: 8, family: IPv4}]}]}]"),
    };
    assert.deepEqual(basis(files).broken, []);
    const { broken } = basis({ ...files, "config.yaml": config('enable-icmp-rules: "F"') });
    assert.match(broken.join(), /^a\.yaml: CiliumNetworkPolicy shop\/a: Cilium refuses it, .*ingress\[0\]/);
  });

  it("names folders that look like clusters", () => {
    const files = { "clusters/one/a/a.yaml": policy("a", "shop"), "clusters/two/b/b.yaml": policy("b", "shop") };
    assert.match(
      basis(files).notes.join(),
      /^these folders look like clusters of their own: clusters\/one, clusters\/two; /,
    );
    assert.deepEqual(basis({ "clusters/one/a/a.yaml": policy("a", "shop") }).notes, []);
  });
});
