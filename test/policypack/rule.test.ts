import assert from "node:assert/strict";
import { configReader, type RuleConfig } from "../../policypack/config.ts";
import { ruleConfig } from "../../policypack/rule.ts";
import { compliant, manifestWith, policyWith, tcp } from "./cases.ts";
import { judgeStack, type Registered, register, resourceOf, ruleNames, unknown } from "./registration.ts";

const mandatory = [
  "agent-accepts",
  "both-ends-open",
  "clusterwide-selector-excludes-cilium-endpoints",
  "default-deny-both-ways",
  "dns-before-fqdn",
  "hostnetwork-pods-excluded",
  "ingress-deny-world-only",
  "no-ingress-deny-on-probed-pods",
  "no-l7-http-on-tls-passthrough",
  "no-silent-no-ops",
  "no-wide-open",
  "nodes-by-entity",
  "one-policy-per-workload",
];

const rulesOf = (violations: { rule: string }[]): string[] => [...new Set(violations.map(({ rule }) => rule))];

describe("The pack", () => {
  it("has these rules, the one that lists exemptions after those that apply them", () => {
    assert.deepEqual(ruleNames, [...[...mandatory, "described"].sort(), "exemptions"]);
  });

  it("has a mandatory level for all but two", () => {
    const levels = new Map(register([manifestWith("spec", null)]).map(({ rule, level }) => [rule, level]));
    assert.deepEqual(
      levels,
      new Map([...mandatory.map((rule) => [rule, "mandatory"] as const), ["described", "advisory"]]),
    );
  });

  it("takes a compliant policy", () => {
    assert.deepEqual(register([policyWith({})]), []);
  });

  it("has nothing to say about other resources", () => {
    const pod = { type: "kubernetes:core/v1:Pod", name: "web", props: { spec: unknown.object } };
    const networkPolicy = { type: "kubernetes:networking.k8s.io/v1:NetworkPolicy", name: "web", props: {} };
    assert.deepEqual(register([pod, networkPolicy]), []);
  });
});

describe("Every rule fails closed", () => {
  const unjudged: [string, Registered, RegExp][] = [
    [
      "spec is only known later",
      manifestWith("spec", unknown.object),
      /cannot be judged before it is known: Object value at \.spec/,
    ],
    [
      "a label is only known later",
      manifestWith("spec.endpointSelector.matchLabels.app", unknown.string),
      /string value at \.spec\.endpointSelector\.matchLabels\.app/,
    ],
    [
      "a list of rules is only known later",
      manifestWith("spec.egress", unknown.array),
      /Array value at \.spec\.egress/,
    ],
    ["a name is only known later", manifestWith("metadata.name", unknown.string), /string value at \.metadata\.name/],
    ["spec is missing", manifestWith("spec", undefined), /a policy needs a spec/],
    ["a field is unknown", manifestWith("spec.ingres", []), /Unrecognized key: "ingres"/],
    ["the version is another", manifestWith("apiVersion", "cilium.io/v3"), /apiVersion/],
  ];
  for (const [title, policy, says] of unjudged) {
    it(`if ${title}`, () => {
      const violations = register([policy]);
      assert.deepEqual(rulesOf(violations).sort(), [...mandatory, "described"].sort());
      for (const { message } of violations) assert.match(message, says);
    });
  }

  it("if a value is only known later, at the end of a stack", () => {
    const rules = rulesOf(judgeStack([manifestWith("spec", unknown.object)]));
    assert.deepEqual(rules, [
      "both-ends-open",
      "dns-before-fqdn",
      "no-l7-http-on-tls-passthrough",
      "one-policy-per-workload",
    ]);
  });

  it("even if there is a violation before what is not known", () => {
    const violations = register([manifestWith("spec.egress", [{ toEntities: ["all"], toPorts: unknown.array }])]);
    assert.ok(violations.some(({ rule, level }) => rule === "no-wide-open" && level === "mandatory"));
  });
});

describe("The pack judges policies", () => {
  const bad = manifestWith("spec.egress", [{ toEntities: ["all"], toPorts: tcp("80") }]);
  const forms: [string, Registered][] = [
    ["that are custom resources", bad],
    ["that are patches", { ...bad, type: `${bad.type}Patch` }],
    ["of another version, which it refuses", { ...bad, type: bad.type.replace("v2", "v2alpha1") }],
    [
      "that are children of a YAML file, with the server's answer in them",
      {
        ...bad,
        name: "shop/web",
        props: {
          ...bad.props,
          __fieldManager: "pulumi",
          __initialApiVersion: "cilium.io/v2",
          id: "shop/web",
          status: { conditions: [] },
        },
      },
    ],
  ];
  for (const [title, policy] of forms) {
    it(title, () => assert.ok(rulesOf(register([policy])).includes("no-wide-open")));
  }

  it("as the API server has completed them", () => {
    const { metadata } = compliant;
    const stored = resourceOf({
      ...compliant,
      metadata: {
        ...metadata,
        uid: "1",
        resourceVersion: "2",
        creationTimestamp: "2026-01-01T00:00:00Z",
        managedFields: [],
      },
    });
    assert.deepEqual(register([stored]), []);
  });
});

describe("Exemptions", () => {
  const open = policyWith({ egress: [{ toEntities: ["all"], toPorts: tcp("80") }, { toEntities: ["world"] }] });
  const exempt = (...exemptions: object[]) => ({ "no-wide-open": { exemptions } });

  it("let a policy pass and are listed as advice, with their reason", () => {
    assert.deepEqual(register([open], exempt({ policy: "shop/web", reason: "a test" })), [
      ...["lets out to the entity all", "allows every port", "lets out to the entity world on every port"].map(
        (finding) => ({
          rule: "exemptions",
          level: "advisory",
          message: `shop/web is exempt from no-wide-open: ${finding}. Reason: a test`,
        }),
      ),
    ]);
  });

  it("cover only the finding that they name", () => {
    const config = exempt({ policy: "shop/web", finding: "lets out to the entity all", reason: "a test" });
    const refused = register([open], config).filter(({ level }) => level === "mandatory");
    assert.deepEqual(
      refused.map(({ message }) => message.split(":")[0]),
      ["shop/web egress[1]", "shop/web egress[1].toEntities[0]"],
    );
  });

  it("cover only the policy that they name, and only its rule", () => {
    assert.notDeepEqual(register([open], exempt({ policy: "shop/other", reason: "a test" })), []);
    assert.deepEqual(
      rulesOf(register([open], { "nodes-by-entity": { exemptions: [{ policy: "shop/web", reason: "a test" }] } })),
      ["no-wide-open"],
    );
  });

  it("hold for rules that judge the whole stack", () => {
    const client = policyWith(
      { endpointSelector: {}, egress: [{ toEndpoints: [{ matchLabels: { app: "web" } }], toPorts: tcp("80") }] },
      { name: "client" },
    );
    const config = { "both-ends-open": { exemptions: [{ policy: "shop/client", reason: "a test" }] } };
    const violations = judgeStack([policyWith({}), client], config).filter(
      ({ rule }) => rule !== "one-policy-per-workload",
    );
    assert.deepEqual(rulesOf(violations), ["exemptions"]);
  });
});

describe("A wrong config", () => {
  const wrong: [string, RuleConfig, RegExp][] = [
    [
      "an exemption without a reason",
      { exemptions: [{ policy: "shop/web" }] },
      /config for no-wide-open is wrong:\n.*exemptions\[0\]\.reason/s,
    ],
    [
      "an exemption with an empty reason",
      { exemptions: [{ policy: "shop/web", reason: "" }] },
      /exemptions\[0\]\.reason/,
    ],
    ["a key that the rule does not have", { exemption: [] }, /Unrecognized key: "exemption"/],
    ["a value of another type", { exemptions: "shop/web" }, /expected array/],
  ];
  for (const [title, config, says] of wrong) {
    it(`is an error that says where: ${title}`, () => {
      assert.throws(
        () => register([{ type: "pulumi:pulumi:Stack", name: "test", props: {} }], { "no-wide-open": config }),
        (error) => error instanceof Error && says.test(error.message) && error.stack === error.message,
      );
    });
  }

  it("is found when it comes after a right one", () => {
    const read = configReader("a rule", ruleConfig({}));
    assert.deepEqual(read({}), { exemptions: [] });
    assert.deepEqual(read({ exemptions: [{ policy: "shop/web", reason: "a test" }] }).exemptions.length, 1);
    assert.throws(() => read({ exemptions: 1 }), /expected array/);
  });

  it("is found even for ranges that are none", () => {
    const config = { "nodes-by-entity": { nodeRanges: ["10.0.0.0"] } };
    assert.throws(() => register([policyWith({})], config), /nodeRanges\[0\]/);
  });
});
