import assert from "node:assert/strict";
import type { Policy } from "../../../cilium/policy/schema.ts";
import { agentFindings } from "../../../cilium/stored/agent.ts";
import { readProgram } from "../../../components/program.ts";
import { declared, renderedPolicies } from "../../rendered.ts";

const program = renderedPolicies();
const observed = readProgram(
  declared,
  { "network-policies:enforcement": "observe" },
  { project: "network-policies", stack: "prod" },
).policies;

/** How many policies have one of some texts in their JSON. */
const mentioning = (...texts: string[]): number =>
  program.map((policy) => JSON.stringify(policy)).filter((json) => texts.some((text) => json.includes(text))).length;

const configured = (configuration: Record<string, string>, policies: readonly Policy[] = program) =>
  agentFindings({ configuration, version: undefined }, policies, "default").map(
    ({ about, reason, fix }) => `${about}: ${reason}; ${fix}`,
  );

describe("Cilium's configuration, held against the program's policies", () => {
  const restart = "and restart the agents";
  const contradictions: readonly (readonly [key: string, value: string, reason: string, fix: string])[] = [
    [
      "cluster-name",
      "homelab",
      "the program says default: the clusterwide policy selects no pod, no name resolves",
      "pulumi config set clusterName homelab",
    ],
    [
      "enable-cilium-network-policy",
      "false",
      `the agents ignore this kind: ${mentioning('"CiliumNetworkPolicy"')} policies are not enforced`,
      `set it to true ${restart}`,
    ],
    [
      "enable-cilium-clusterwide-network-policy",
      "false",
      "the agents ignore this kind: 1 policy is not enforced",
      `set it to true ${restart}`,
    ],
    [
      "enable-l7-proxy",
      "false",
      `${mentioning('"toFQDNs"', '"rules"')} policies need it: L7 rules are refused, and toFQDNs learns no name`,
      `set it to true ${restart}`,
    ],
    [
      "enable-non-default-deny-policies",
      "false",
      "enableDefaultDeny: false is ignored: 1 policy would put pods into default deny",
      `set it to true ${restart}`,
    ],
    ["enable-policy", "never", "no policy is enforced", `set it to default ${restart}`],
    [
      "enable-policy",
      "always",
      "every pod is in default deny, without a policy or only observed too",
      `set it to default ${restart}`,
    ],
    ["policy-audit-mode", "true", "nothing is dropped, only recorded", `set it to false ${restart}`],
  ];
  for (const [key, value, reason, fix] of contradictions) {
    it(`contradicts them with ${key}=${value}`, () => {
      assert.deepEqual(configured({ [key]: value }), [`cilium-config ${key}=${value}: ${reason}; ${fix}`]);
    });
  }

  it("fits with the agent's defaults, left out, empty or written out", () => {
    assert.deepEqual(configured({}), []);
    assert.deepEqual(configured(Object.fromEntries(contradictions.map(([key]) => [key, ""]))), []);
    const written = {
      "cluster-name": "default",
      "enable-cilium-network-policy": "true",
      "enable-cilium-clusterwide-network-policy": "True",
      "enable-l7-proxy": "1",
      "enable-non-default-deny-policies": "t",
      "enable-policy": "Default",
      "policy-audit-mode": "FALSE",
    };
    assert.deepEqual(configured(written), []);
  });

  it("may drop nothing where the policies are only observed, but not take them for enforced ones", () => {
    assert.deepEqual(configured({ "policy-audit-mode": "true", "enable-policy": "never" }, observed), []);
    assert.deepEqual(configured({ "enable-non-default-deny-policies": "0" }, observed), [
      `cilium-config enable-non-default-deny-policies=false: enableDefaultDeny: false is ignored: ${observed.length} policies would put pods into default deny; set it to true ${restart}`,
    ]);
  });
});

describe("Cilium's version, held against the program's policies", () => {
  const [first] = program;
  assert.ok(first?.spec);
  const deepNames: Policy = {
    ...first,
    spec: { ...first.spec, egress: [{ toFQDNs: [{ matchPattern: "**.example.com" }] }] },
  };

  for (const [version, policies, expected] of [
    [
      [1, 15],
      program,
      ["Cilium 1.15: does not know enableDefaultDeny, which 1 policy uses; upgrade Cilium to 1.16 or newer first"],
    ],
    [[1, 16], program, []],
    [
      [1, 19],
      [deepNames],
      ["Cilium 1.19: does not know names with **., which 1 policy uses; upgrade Cilium to 1.20 or newer first"],
    ],
    [[1, 20], [deepNames], []],
    [[2, 0], [deepNames], []],
  ] as const) {
    it(`${version.join(".")} ${expected.length === 0 ? "is new enough" : "is too old"} for ${policies.length} policies`, () => {
      assert.deepEqual(
        agentFindings({ configuration: undefined, version }, policies, "default").map(
          ({ about, reason, fix }) => `${about}: ${reason}; ${fix}`,
        ),
        expected,
      );
    });
  }
});
