import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { load } from "js-yaml";
import { z } from "zod";
import { Faults } from "../../cilium/model/faults.ts";
import { configSchema, readConfig } from "../../components/config.ts";
import { readProgram } from "../../components/program.ts";
import { declared } from "../rendered.ts";

const prod = { project: "network-policies", stack: "prod" };

describe("The config", () => {
  it("has a default for every key", () => {
    assert.deepEqual(readConfig({}, prod.project), {
      clusterName: "default",
      apiServerPort: 6443,
      dnsNames: ["*"],
      egressDefaultDeny: false,
      enforcement: "enforce",
      namespaceEnforcement: {},
      labels: {},
      addresses: {},
      policyNames: {},
      adoptExisting: false,
      waitForValid: false,
      probe: false,
      probeNamespaces: [],
      probeImage: "docker.io/library/busybox:1.37.0",
      probeForbidden: "kube-dns.kube-system.svc.cluster.local:9153",
      kubeconfig: "",
      context: "",
    });
  });

  it("reads the engine's texts as numbers, booleans, lists and objects", () => {
    const config = readConfig(
      {
        "network-policies:apiServerPort": "443",
        "network-policies:egressDefaultDeny": "true",
        "network-policies:dnsNames": '["*.example.com"]',
        "network-policies:addresses": '{"nas":"192.0.2.7"}',
        "pulumi:disable-default-providers": '["kubernetes"]',
      },
      prod.project,
    );
    assert.equal(config.apiServerPort, 443);
    assert.equal(config.egressDefaultDeny, true);
    assert.deepEqual(config.dnsNames, ["*.example.com"]);
    assert.deepEqual(config.addresses, { nas: "192.0.2.7" });
  });

  it("is declared in Pulumi.yaml with the schema's types, defaults and descriptions", () => {
    const declared = z
      .object({
        config: z.record(z.string(), z.object({ type: z.string(), description: z.string(), default: z.unknown() })),
      })
      .parse(load(readFileSync(new URL("../../Pulumi.yaml", import.meta.url), "utf8"))).config;
    assert.deepEqual(Object.keys(declared), Object.keys(configSchema.shape));
    for (const [key, schema] of Object.entries(configSchema.shape)) {
      const fallback: unknown = schema.parse(undefined);
      const type = Array.isArray(fallback) ? "array" : typeof fallback === "number" ? "integer" : typeof fallback;
      const { type: declaredType, description, default: declaredDefault } = declared[key] ?? {};
      assert.deepEqual(
        { type: declaredType, description, default: declaredDefault },
        { type, description: schema.description, default: fallback },
        key,
      );
    }
  });

  const wrong: [title: string, values: Record<string, string>, faults: RegExp[]][] = [
    [
      "an unknown key, with the nearest one",
      { clustername: "x" },
      [/^config network-policies:clustername: there is no such key; did you mean clusterName\?$/],
    ],
    ["a word for a number", { apiServerPort: "https" }, [/^config network-policies:apiServerPort: .*given https$/]],
    [
      "a port out of range",
      { apiServerPort: "70000" },
      [/^config network-policies:apiServerPort: .*65535.*given 70000$/],
    ],
    [
      "a word for a boolean",
      { egressDefaultDeny: "yes" },
      [/^config network-policies:egressDefaultDeny: .*given yes$/],
    ],
    ["an empty list of names", { dnsNames: "[]" }, [/^config network-policies:dnsNames: /]],
    ["text for an object", { labels: "argocd" }, [/^config network-policies:labels: is no valid JSON, given argocd$/]],
    [
      "something that is no address",
      { addresses: '{"nas":"nas.local"}' },
      [/^config network-policies:addresses\.nas: expected an IP address$/],
    ],
    [
      "labels that are no text",
      { labels: '{"argocd/server":{"app":1}}' },
      [/^config network-policies:labels\.argocd\/server\.app: expected string/],
    ],
    [
      "a workload that does not exist",
      { labels: '{"argocd/servre":{"app":"x"}}' },
      [/^labels\.argocd\/servre: there is no workload of this name; did you mean argocd\/server\?$/],
    ],
    [
      "a namespace that does not exist",
      { namespaceEnforcement: '{"argocdd":"observe"}' },
      [/^namespaceEnforcement\.argocdd: there is no namespace of this name; did you mean argocd\?$/],
    ],
    [
      "a stage that does not exist",
      { enforcement: "audit" },
      [/^config network-policies:enforcement: .*enforce.*observe.*given audit$/],
    ],
    [
      "a policy name for a workload that does not exist",
      { policyNames: '{"argocd/x":"y"}' },
      [/^policyNames\.argocd\/x: there is no workload of this name/],
    ],
    [
      "one name for two policies",
      { policyNames: '{"argocd/server":"redis"}' },
      [/^policyNames: two policies are called argocd\/redis/],
    ],
    [
      "a host that does not exist",
      { addresses: '{"nass":"192.0.2.1"}' },
      [/^addresses\.nass: there is no external host of this name/],
    ],
    [
      "several at once, a line each",
      { clustername: "x", apiServerPort: "0", dnsNames: "3" },
      [/apiServerPort/, /dnsNames/, /clustername/],
    ],
  ];
  for (const [title, values, expected] of wrong) {
    it(`is refused with ${title}`, () => {
      const own = Object.fromEntries(Object.entries(values).map(([key, value]) => [`${prod.project}:${key}`, value]));
      assert.throws(
        () => readProgram(declared, own, prod),
        (error) => {
          assert.ok(error instanceof Faults);
          assert.equal(error.faults.length, expected.length, error.message);
          for (const [at, pattern] of expected.entries()) assert.match(error.faults[at] ?? "", pattern);
          return true;
        },
      );
    });
  }

  it("says that keys of other namespaces have no effect", () => {
    assert.throws(
      () => readConfig({ "kubernetes:context": "prod" }, prod.project),
      /^Faults: config kubernetes:context: nothing reads it; keys of this program start with network-policies:$/,
    );
  });
});
