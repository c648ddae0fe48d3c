import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { from, gateway, http, kubeApiserver, namespace, oneOf, tlsPassthrough } from "../../cilium/language.ts";
import { type Cluster, configure } from "../../cilium/model/cluster.ts";
import { readCluster } from "../../cilium/model/read.ts";
import { configSchema } from "../../components/config.ts";
import { ConfigError, overridden, type PackConfig, readPackConfig } from "../../policypack/config.ts";
import { createRules, packConfigOf } from "../../policypack/rules.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { policyWith, tcp } from "./cases.ts";
import { register } from "./registration.ts";

const shop = namespace("shop");
const web = shop.workload("web", {
  labels: { app: "web", stage: oneOf("blue", "green") },
  otherLabels: { tier: "front" },
  ports: { https: tlsPassthrough(8443), adminApi: tlsPassthrough(9443), metrics: http(9090) },
  probes: ["metrics"],
});
const cart = shop.workload("cart", { labels: { app: "cart" } });
shop.hostNetwork("exporter", { reason: "a test", labels: { app: "exporter" } });
shop.hostNetwork("unlabelled", { reason: "a test" });
const flows = shop.flows(() => [from(gateway).to(web.https), from(cart).to(kubeApiserver)]);

const clusterWith = (policyPack: Cluster["policyPack"]) =>
  configure(
    readCluster({ namespaces: [flows], dns: web.metrics, ...(policyPack && { policyPack }) }),
    configSchema.parse({ clusterName: "east" }),
  );

const stages = ["blue", "green"].map((stage) => ({ namespace: "shop", labels: { tier: "front", app: "web", stage } }));

describe("The pack's config for a cluster", () => {
  it("is what its declarations say", () => {
    assert.deepEqual(packConfigOf(clusterWith(undefined)), {
      "both-ends-open": { cluster: "east" },
      "clusterwide-selector-excludes-cilium-endpoints": { cluster: "east" },
      "hostnetwork-pods-excluded": { workloads: [{ namespace: "shop", labels: { app: "exporter" } }] },
      "no-ingress-deny-on-probed-pods": { workloads: stages },
      "no-l7-http-on-tls-passthrough": {
        workloads: stages.map((pods) => ({ ...pods, ports: ["8443", "https", "9443", "admin-api"] })),
      },
      "no-silent-no-ops": { cluster: "east" },
    });
  });

  it("has what it states besides, lists beside what is declared", () => {
    const exemptions = [{ policy: "shop/cart", reason: "a test" }];
    const sidecar = { namespace: "shop", labels: { app: "sidecar" } };
    const config = packConfigOf(
      clusterWith({
        "no-wide-open": { exemptions },
        "hostnetwork-pods-excluded": { workloads: [sidecar], enforcementLevel: "advisory" },
      }),
    );
    assert.deepEqual(config["no-wide-open"], { exemptions });
    assert.deepEqual(config["hostnetwork-pods-excluded"], {
      workloads: [{ namespace: "shop", labels: { app: "exporter" } }, sidecar],
      enforcementLevel: "advisory",
    });
  });

  const wrong: [string, Cluster["policyPack"], RegExp][] = [
    [
      "a rule that there is not",
      { "no-wide-opne": {} },
      /^The policy pack has no rule no-wide-opne; did you mean no-wide-open\?$/,
    ],
    [
      "an exemption without a reason",
      { "no-wide-open": { exemptions: [{ policy: "a/b" }] } },
      /exemptions\[0\]\.reason/,
    ],
    ["a level that there is not", { described: { enforcementLevel: "maybe" } }, /described/],
  ];
  for (const [title, policyPack, says] of wrong) {
    it(`is refused with ${title}`, () => {
      assert.throws(
        () => packConfigOf(clusterWith(policyPack)),
        (error) => error instanceof ConfigError && says.test(error.message),
      );
    });
  }
});

describe("A file with the pack's config", () => {
  const file = join(temporaryFolder("pack-config"), "config.json");
  const read = (text: string): PackConfig => {
    writeFileSync(file, text);
    return readPackConfig(file);
  };

  it("may give a rule's level alone, as for Pulumi", () => {
    assert.deepEqual(read('{"described": "disabled", "no-wide-open": {"exemptions": []}}'), {
      described: { enforcementLevel: "disabled" },
      "no-wide-open": { exemptions: [] },
    });
  });

  it("says what is wrong with it and where", () => {
    assert.throws(() => read("{"), new RegExp(`^Error: ${file} cannot be read: `));
    assert.throws(() => read('{"described": 1}'), new RegExp(`^Error: ${file} is no config for the policy pack:\n`));
  });

  it("replaces what is known, key by key", () => {
    assert.deepEqual(overridden({ a: { x: 1, y: 2 }, b: { z: 3 } }, { a: { y: 4, enforcementLevel: "advisory" } }), {
      a: { x: 1, y: 4, enforcementLevel: "advisory" },
      b: { z: 3 },
    });
  });
});

describe("What the pack knows without a config of Pulumi's", () => {
  const levels = (known: PackConfig) =>
    new Map(createRules(known).map(({ name, enforcementLevel }) => [name, enforcementLevel]));

  it("is nothing: a foreign policy is exempt from no rule", () => {
    const foreign = policyWith(
      { egress: [{ toCIDR: ["0.0.0.0/0"], toPorts: tcp("443") }] },
      { name: "steps", namespace: "jobs" },
    );
    assert.deepEqual(
      register([foreign]).map(({ rule }) => rule),
      ["no-wide-open"],
    );
  });

  it("is what stands beside its entry, levels included", () => {
    const found = levels({ all: { enforcementLevel: "advisory" }, "no-wide-open": { enforcementLevel: "mandatory" } });
    assert.equal(found.get("both-ends-open"), "advisory");
    assert.equal(found.get("no-wide-open"), "mandatory");
  });

  it("gives way to the config, key by key", () => {
    const known = { "no-ingress-deny-on-probed-pods": { workloads: [{ namespace: "shop", labels: { app: "web" } }] } };
    const denying = policyWith({ ingressDeny: [{ fromEntities: ["world"] }] });
    const rules = (config: PackConfig) => register([denying], config, known).map(({ rule }) => rule);
    assert.ok(rules({}).includes("no-ingress-deny-on-probed-pods"));
    assert.ok(
      !rules({ "no-ingress-deny-on-probed-pods": { workloads: [] } }).includes("no-ingress-deny-on-probed-pods"),
    );
  });
});
