import assert from "node:assert/strict";
import { calibrate } from "../../../cilium/hubble/calibrate.ts";
import { causeText } from "../../../cilium/hubble/cause.ts";
import type { Surroundings } from "../../../cilium/hubble/judge.ts";
import { endNames } from "../../../cilium/hubble/naming.ts";
import { recordReader } from "../../../cilium/hubble/reading.ts";
import { type Policy, policy as policySchema } from "../../../cilium/policy/schema.ts";
import { type Decided, decided, decidedBy, flow, host, line, ofCilium, pod } from "./recorded.ts";

const web = pod({ namespace: "shop", name: "web", labels: { app: "web" } }, 1);
const api = pod({ namespace: "shop", name: "api", labels: { app: "api" } }, 2);

const cnp = (name: string, spec: object): Policy =>
  policySchema.parse({
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { namespace: "shop", name },
    spec,
  });

const [isWeb, isApi] = [{ matchLabels: { app: "web" } }, { matchLabels: { app: "api" } }];
const on = (port: string) => [{ ports: [{ port, protocol: "TCP" }] }];

const policies = [
  cnp("web", { endpointSelector: isWeb, egress: [{ toEndpoints: [isApi], toPorts: [...on("9000"), ...on("9003")] }] }),
  cnp("api", { endpointSelector: isApi, ingress: [{ fromEndpoints: [isWeb], toPorts: on("9000") }] }),
];
const [ofWeb, ofApi] = ["web", "api"].map((name) => decidedBy(`CiliumNetworkPolicy shop/${name}`));
assert.ok(ofWeb && ofApi);

const surroundings: Surroundings = { cluster: "default", endpoints: [] };

/** What became of a connection from web to api. */
type Event = Decided & { readonly port?: number; readonly from?: "host" };

function calibrated(
  events: readonly Event[],
  { judged = policies, around = surroundings, broken = new Map<string, string>() } = {},
) {
  const reader = recordReader();
  for (const { port = 9000, from, ...event } of events) {
    reader.add(line(flow(from === "host" ? host : web, api, port, { more: decided(event) })));
  }
  const record = reader.record();
  const name = endNames(record, () => undefined, around.cluster);
  return calibrate(record, judged, around, name, broken);
}

const allowedAtWeb: Event = { direction: "egress", verdict: "FORWARDED", by: [ofWeb] };
const allowedAtApi: Event = { direction: "ingress", verdict: "FORWARDED", by: [ofApi] };
const denied = (direction: Event["direction"], port: number): Event => ({ direction, verdict: "DROPPED", port });

describe("Calibration", () => {
  it("agrees where verdicts, proxies and deciding policies are those that were recorded", () => {
    const { compared, agreeing, deciders, disagreements } = calibrated([
      allowedAtWeb,
      allowedAtApi,
      denied("egress", 9001),
      denied("ingress", 9002),
      { direction: "ingress", verdict: "FORWARDED", by: [ofCilium], from: "host" },
    ]);
    assert.deepEqual(disagreements, []);
    assert.deepEqual({ compared, agreeing, deciders }, { compared: 4, agreeing: 4, deciders: 5 });
  });

  it("compares connections by how far they got where no verdict was recorded", () => {
    const reader = recordReader();
    const arrival = { trace_observation_point: "TO_ENDPOINT", traffic_direction: "INGRESS" };
    for (const port of [9000, 9001]) reader.add(line(flow(web, api, port, { more: arrival })));
    const record = reader.record();
    const name = endNames(record, () => undefined, "default");
    const { compared, agreeing, disagreements } = calibrate(record, policies, surroundings, name, new Map());
    assert.deepEqual([compared, agreeing], [2, 1]);
    assert.deepEqual(
      disagreements.map(({ direction, port, recorded, here }) => [direction, port, recorded, here]),
      [
        ["egress", "9001/TCP", "allowed", "denied by default deny of shop/web"],
        ["ingress", "9001/TCP", "allowed", "denied by default deny of shop/api"],
      ],
    );
  });

  it("does not compare a connection that waits for authentication, or that another cluster's pods end", () => {
    const waiting: Event = { direction: "egress", verdict: "DROPPED", reason: "AUTH_REQUIRED" };
    const { compared, notCompared } = calibrated([waiting]);
    assert.equal(compared, 0);
    assert.deepEqual([...notCompared.values()], [1]);
    assert.equal(calibrated([allowedAtWeb], { around: { ...surroundings, cluster: "other" } }).compared, 0);
  });

  type Expected = readonly [
    events: readonly Event[],
    causes: readonly string[],
    options?: Parameters<typeof calibrated>[1],
  ];
  const attributed: Readonly<Record<string, Expected>> = {
    "a policy that is not among these allowed it": [
      [{ ...allowedAtWeb, port: 9001, by: [decidedBy("CiliumNetworkPolicy shop/old")] }],
      ["CiliumNetworkPolicy shop/old is not among these"],
    ],
    "a policy that is not among these closed the end": [
      [allowedAtWeb, { direction: "ingress", verdict: "DROPPED" }],
      ["cilium-config, with enable-policy: always", "a policy that is not among these"],
      { judged: policies.slice(0, 1) },
    ],
    "a policy was not in force": [
      [allowedAtWeb, { direction: "ingress", verdict: "FORWARDED", by: [ofCilium], port: 9003 }],
      ["CiliumNetworkPolicy shop/api not in force when recorded"],
    ],
    "a policy was another one": [
      [allowedAtWeb, { ...allowedAtWeb, port: 9001 }],
      ["CiliumNetworkPolicy shop/web not the same when recorded"],
    ],
    "the policies changed while it was recorded": [
      [allowedAtWeb, denied("egress", 9000)],
      [
        "policies that changed while it was recorded",
        "CiliumNetworkPolicy shop/web not the same when recorded",
        "a policy that is not among these",
      ],
    ],
    "a kind of policy that is not judged": [
      [{ ...allowedAtWeb, by: [decidedBy("AdminNetworkPolicy baseline")] }],
      ["AdminNetworkPolicy baseline is not judged: netpol judges no AdminNetworkPolicy"],
    ],
    "a policy that is broken as it is written": [
      [{ ...allowedAtWeb, by: [decidedBy("CiliumNetworkPolicy shop/odd")] }],
      ["CiliumNetworkPolicy shop/odd is not judged: spec.ingres is no field"],
      { broken: new Map([["CiliumNetworkPolicy shop/odd", "spec.ingres is no field"]]) },
    ],
    "the audit mode of an agent": [
      [{ direction: "egress", verdict: "AUDIT", port: 9001 }],
      ["audit mode: nothing is dropped there"],
    ],
    "a key of a configuration that is not known": [
      [{ direction: "ingress", verdict: "DROPPED", from: "host" }, allowedAtWeb, allowedAtApi],
      ["cilium-config, with allow-localhost: policy"],
    ],
    "a proxy": [
      [{ ...allowedAtWeb, verdict: "REDIRECTED" }],
      ["a proxy, on one side only", "CiliumNetworkPolicy shop/web not the same when recorded"],
    ],
  };
  for (const [name, [events, causes, options]] of Object.entries(attributed)) {
    it(`attributes a disagreement: ${name}`, () => {
      const { disagreements } = calibrated(events, options);
      assert.equal(disagreements.length, 1, JSON.stringify(disagreements));
      assert.deepEqual(disagreements[0]?.causes.map(causeText), causes);
    });
  }

  it("agrees about audit where the configuration says so", () => {
    const around = { ...surroundings, configuration: { "policy-audit-mode": "true" } };
    const events: Event[] = [{ direction: "egress", verdict: "AUDIT", port: 9001 }, allowedAtWeb];
    const { compared, agreeing } = calibrated(events, { around });
    assert.deepEqual([compared, agreeing], [2, 2]);
  });

  it("tells by how a rule matched that there was one", () => {
    const told: Event = { direction: "egress", verdict: "FORWARDED", matchType: 2 };
    assert.equal(calibrated([told]).agreeing, 1);
    const { disagreements } = calibrated([told], { judged: policies.slice(1) });
    assert.deepEqual(disagreements[0]?.causes.map(causeText), ["a policy that is not among these"]);
  });
});
