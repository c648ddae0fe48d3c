import assert from "node:assert/strict";
import {
  absent,
  all,
  anyPod,
  cidr,
  cidrGroup,
  clusterMesh,
  external,
  fqdn,
  from,
  health,
  init,
  namespace,
  noneOf,
  oneOf,
  otherThan,
  podsOf,
  present,
  service,
  tcp,
  unmanaged,
} from "../../../cilium/language.ts";
import { configure } from "../../../cilium/model/cluster.ts";
import type { Reachable } from "../../../cilium/model/peers/reachable.ts";
import type { Peer, Source } from "../../../cilium/model/peers.ts";
import { readCluster } from "../../../cilium/model/read.ts";
import type { EgressRule, IngressRule } from "../../../cilium/policy/schema.ts";
import { invalidities } from "../../../cilium/policy/validity.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";
import { sourceFile } from "../../../cilium/write/file.ts";
import { write } from "../../../cilium/write/write.ts";
import { ciliumPolicies, program } from "../../rendered.ts";

const text = 'import { namespace } from "../cilium/language.ts";\n';

/** A workload to and from which a flow leads: the rules of its policy, and the flows as the language writes them. */
function of(destination: Reachable<Peer>, source?: Source) {
  const shop = namespace("shop");
  const web = shop.workload("web", { labels: { app: "web" }, ports: { sql: tcp(5432) } });
  const stated = shop.flows(() => [
    from(web).to(destination.on(443)),
    ...(source === undefined ? [] : [from(source).to(web.sql)]),
  ]);
  const cluster = readCluster({ namespaces: [stated] });
  const policies = ciliumPolicies({ policies: renderPolicies(configure(cluster, program.config)) });
  assert.deepEqual(
    policies.flatMap((policy) => invalidities(policy)),
    [],
  );
  const { ingress = [], egress = [] } = policies[1]?.spec ?? {};
  const file = sourceFile("cluster/shop.ts", { shop: stated, web }, text) ?? assert.fail();
  const written = write(cluster.namespaces[0]?.statements ?? [], [file]).flatMap(({ flows }) => flows);
  return { ingress: peersOn("5432", ingress), egress: peersOn("443", egress), written };
}

function peersOn(port: string, rules: readonly (IngressRule | EgressRule)[] | null) {
  const { toPorts: _, ...peers } = rules?.find(({ toPorts }) => toPorts?.[0]?.ports?.[0]?.port === port) ?? {};
  return peers;
}

const ns = "io.kubernetes.pod.namespace";
const labelOf = "io.cilium.k8s.namespace.labels.";

/** By its text, a peer of either side, and what selects it at both ends without their `from` and `to`. */
const eitherSide: Record<string, [peer: Reachable<Peer> & Source, selection: object]> = {
  anyPod: [anyPod, { Endpoints: [{ matchExpressions: [{ key: ns, operator: "Exists" }] }] }],
  'podsOf("shop")': [podsOf("shop"), { Endpoints: [{}] }],
  'podsOf("infra", { app: "x", tier: oneOf("a", "b") })': [
    podsOf("infra", { app: "x", tier: oneOf("a", "b") }),
    {
      Endpoints: [
        {
          matchLabels: { app: "x", [ns]: "infra" },
          matchExpressions: [{ key: "tier", operator: "In", values: ["a", "b"] }],
        },
      ],
    },
  ],
  'podsOf({}, { "a.b/c": present, job: absent, env: noneOf("dev") })': [
    podsOf({}, { "a.b/c": present, job: absent, env: noneOf("dev") }),
    {
      Endpoints: [
        {
          matchExpressions: [
            { key: "a.b/c", operator: "Exists" },
            { key: "job", operator: "DoesNotExist" },
            { key: "env", operator: "NotIn", values: ["dev"] },
            { key: ns, operator: "Exists" },
          ],
        },
      ],
    },
  ],
  'podsOf("shop", { release: otherThan("canary", "old") })': [
    podsOf("shop", { release: otherThan("canary", "old") }),
    {
      Endpoints: [
        {
          matchExpressions: [
            { key: "release", operator: "Exists" },
            { key: "release", operator: "NotIn", values: ["canary", "old"] },
          ],
        },
      ],
    },
  ],
  'podsOf("infra", { "io.cilium.k8s.policy.serviceaccount": "vault" })': [
    podsOf("infra", { "io.cilium.k8s.policy.serviceaccount": "vault" }),
    { Endpoints: [{ matchLabels: { "io.cilium.k8s.policy.serviceaccount": "vault", [ns]: "infra" } }] },
  ],
  'podsOf(oneOf("a", "b"))': [
    podsOf(oneOf("a", "b")),
    { Endpoints: [{ matchExpressions: [{ key: ns, operator: "In", values: ["a", "b"] }] }] },
  ],
  'podsOf({ team: "a" })': [podsOf({ team: "a" }), { Endpoints: [{ matchLabels: { [`${labelOf}team`]: "a" } }] }],
  'cidr("10.0.0.0/8")': [cidr("10.0.0.0/8"), { CIDR: ["10.0.0.0/8"] }],
  'cidr("10.0.0.0/8").except("10.1.0.0/16", "10.2.0.0/16")': [
    cidr("10.0.0.0/8").except("10.1.0.0/16", "10.2.0.0/16"),
    { CIDRSet: [{ cidr: "10.0.0.0/8", except: ["10.1.0.0/16", "10.2.0.0/16"] }] },
  ],
  'cidrGroup("cloudflare")': [cidrGroup("cloudflare"), { CIDRSet: [{ cidrGroupRef: "cloudflare" }] }],
  'cidrGroup({ owner: "it" })': [
    cidrGroup({ owner: "it" }),
    { CIDRSet: [{ cidrGroupSelector: { matchLabels: { owner: "it" } } }] },
  ],
  'external("nas", "2001:db8::7")': [external("nas", "2001:db8::7"), { CIDR: ["2001:db8::7/128"] }],
  all: [all, { Entities: ["all"] }],
  health: [health, { Entities: ["health"] }],
  init: [init, { Entities: ["init"] }],
  unmanaged: [unmanaged, { Entities: ["unmanaged"] }],
  clusterMesh: [clusterMesh, { Entities: ["cluster-mesh"] }],
};

/** Those that open no connections. */
const destinations: Record<string, [peer: Reachable<Peer>, selection: object]> = {
  'fqdn("a.example", "*.b.example")': [
    fqdn("a.example", "*.b.example"),
    { FQDNs: [{ matchName: "a.example" }, { matchPattern: "*.b.example" }] },
  ],
  'service("infra", "vault")': [
    service("infra", "vault"),
    { Services: [{ k8sService: { serviceName: "vault", namespace: "infra" } }] },
  ],
  'service("infra", { app: "vault" })': [
    service("infra", { app: "vault" }),
    { Services: [{ k8sServiceSelector: { selector: { matchLabels: { app: "vault" } }, namespace: "infra" } }] },
  ],
};

const sided = (side: "from" | "to", selection: object) =>
  Object.fromEntries(Object.entries(selection).map(([field, value]) => [`${side}${field}`, value]));

describe("A peer is selected as it is written, and written as it was stated:", () => {
  for (const [text, [peer, selection]] of Object.entries(eitherSide)) {
    it(`${text}, at both sides`, () => {
      assert.deepEqual(of(peer, peer), {
        ingress: sided("from", selection),
        egress: sided("to", selection),
        written: [`from(web).to(${text}.on(443)),`, `from(${text}).to(web.sql),`],
      });
    });
  }
  for (const [text, [peer, selection]] of Object.entries(destinations)) {
    it(text, () => {
      const { egress, written } = of(peer);
      assert.deepEqual(
        { egress, written },
        {
          egress: sided("to", selection),
          written: [`from(web).to(${text}.on(443)),`],
        },
      );
    });
  }
});
