import assert from "node:assert/strict";
import fc from "fast-check";
import { init, killThreads, Z3_lbool } from "z3-solver";
import { equal, implies, type Proof } from "../../../cilium/prove/prove.ts";
import type { Side } from "../../../cilium/reach/report/diff.ts";
import { changed, changes } from "./pairs.ts";
import { declarations, differ, opens, type Policy, type Selector } from "./smt.ts";

const seed = Number(process.env.SEED ?? 20261128);
const wanted = Number(process.env.SETS ?? 1000);

const label = fc.constantFrom("app", "tier");
const text = fc.constantFrom("web", "db");
const own: fc.Arbitrary<Selector> = fc.oneof(
  fc.constant({}),
  fc.record({ matchLabels: fc.dictionary(label, text, { minKeys: 1, maxKeys: 2, noNullPrototype: true }) }),
  fc.record({
    matchExpressions: fc.array(
      fc.oneof(
        fc.record({
          key: label,
          operator: fc.constantFrom("In", "NotIn"),
          values: fc.uniqueArray(text, { minLength: 1, maxLength: 2 }),
        }),
        fc.record({ key: label, operator: fc.constantFrom("Exists", "DoesNotExist") }),
      ),
      { minLength: 1, maxLength: 2 },
    ),
  }),
);
const ofNamespace = (key: string, values: readonly string[]): fc.Arbitrary<Selector> =>
  fc.oneof(
    fc.constantFrom(...values).map((value) => ({ matchLabels: { [key]: value } })),
    fc.constant({ matchExpressions: [{ key, operator: "Exists" }] }),
  );
const elsewhere = fc.oneof(
  ofNamespace("io.kubernetes.pod.namespace", ["a", "b"]),
  ofNamespace("io.cilium.k8s.namespace.labels.team", ["red"]),
);
const namespace = fc.constantFrom("a", "b");
const cidr = fc.constantFrom("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "0.0.0.0/0");
const block = fc
  .record({ cidr: fc.constantFrom("10.0.0.0/8", "0.0.0.0/0"), except: fc.constantFrom([], ["10.1.0.0/16"]) })
  .map(({ cidr, except }) => (except.length === 0 ? { cidr } : { cidr, except }));
const port = fc.oneof(
  fc.record(
    { port: fc.constantFrom("80", "85", "443"), protocol: fc.constantFrom("TCP", "UDP", "ANY") },
    { requiredKeys: ["port"] },
  ),
  fc.constant({ port: "80", endPort: 90, protocol: "TCP" }),
);
const some = <T>(one: fc.Arbitrary<T>, most = 2): fc.Arbitrary<T[]> => fc.array(one, { minLength: 1, maxLength: most });

const ciliumRule = (from: "from" | "to") =>
  fc
    .tuple(
      fc.oneof(
        some(fc.oneof(own, elsewhere)).map((endpoints) => ({ [`${from}Endpoints`]: endpoints })),
        some(fc.constantFrom("all", "world", "cluster"), 1).map((entities) => ({ [`${from}Entities`]: entities })),
        some(block).map((blocks) => ({ [`${from}CIDRSet`]: blocks })),
        fc.constant({}),
      ),
      fc.option(some(port)),
    )
    // A rule about nothing at all allows nothing.
    .map(([peers, ports]) =>
      ports === null && Object.keys(peers).length === 0
        ? { [`${from}Entities`]: ["all"] }
        : { ...peers, ...(ports !== null && { toPorts: [{ ports }] }) },
    );
const lists = fc
  .record(
    {
      ingress: some(ciliumRule("from")),
      egress: some(ciliumRule("to")),
      ingressDeny: some(ciliumRule("from"), 1),
      egressDeny: some(ciliumRule("to"), 1),
    },
    { requiredKeys: [] },
  )
  .filter((all) => Object.keys(all).length > 0);
const cilium = fc
  .tuple(namespace, own, lists, fc.constantFrom({}, {}, {}, { enableDefaultDeny: { ingress: false, egress: false } }))
  .map(([namespace, endpointSelector, lists, deny]) => ({
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { namespace },
    spec: { endpointSelector, ...lists, ...deny },
  }));
const kubernetesPeer = fc.oneof(
  fc.record(
    { podSelector: own, namespaceSelector: fc.oneof(fc.constant({}), ofNamespace("team", ["red"])) },
    { requiredKeys: ["podSelector"] },
  ),
  block.map((ipBlock) => ({ ipBlock })),
);
const kubernetesPort = fc.record(
  { port: fc.constantFrom(80, 443), protocol: fc.constantFrom("TCP", "UDP") },
  { requiredKeys: ["port"] },
);
const kubernetesRule = (from: "from" | "to") =>
  fc.record({ [from]: fc.array(kubernetesPeer, { maxLength: 2 }), ports: fc.array(kubernetesPort, { maxLength: 2 }) });
const kubernetes = fc
  .tuple(
    namespace,
    own,
    fc.subarray(["Ingress", "Egress"], { minLength: 1 }),
    some(kubernetesRule("from")),
    some(kubernetesRule("to")),
  )
  .map(([namespace, podSelector, policyTypes, ingress, egress]) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { namespace },
    spec: {
      podSelector,
      policyTypes,
      ...(policyTypes.includes("Ingress") && { ingress }),
      ...(policyTypes.includes("Egress") && { egress }),
    },
  }));
const pods = fc.record({
  namespaceSelector: fc.oneof(fc.constant({}), ofNamespace("team", ["red"])),
  podSelector: own,
});
const clusterRule = (from: "from" | "to") =>
  fc
    .record({
      action: fc.constantFrom("Accept", "Deny", "Pass"),
      peers: some(
        from === "to"
          ? fc.oneof(
              pods.map((own) => ({ pods: own })),
              some(cidr, 1).map((networks) => ({ networks })),
            )
          : pods.map((own) => ({ pods: own })),
      ),
      ports: fc.option(fc.constantFrom(80, 443)),
    })
    .map(({ action, peers, ports }) => ({
      action,
      [from]: peers,
      ...(ports !== null && { protocols: [{ tcp: { destinationPort: { number: ports } } }] }),
    }));
const cluster = fc
  .record({
    tier: fc.constantFrom("Admin", "Baseline"),
    priority: fc.constantFrom(1, 2),
    subject: pods,
    ingress: some(clusterRule("from")),
    egress: some(clusterRule("to")),
  })
  .map(({ subject, ...spec }) => ({
    apiVersion: "policy.networking.k8s.io/v1alpha2",
    kind: "ClusterNetworkPolicy",
    metadata: {},
    spec: { ...spec, subject: { pods: subject } },
  }));

const policies = fc
  .array(fc.oneof({ weight: 4, arbitrary: cilium }, kubernetes, cluster), { minLength: 1, maxLength: 4 })
  .map((all) => all.map((policy, i) => ({ ...policy, metadata: { ...policy.metadata, name: `policy-${i}` } })));

const names = Object.keys(changes);
const inventory = {
  cluster: "default",
  endpoints: [],
  nodes: [],
  names: [],
  configuration: { "enable-k8s-cluster-network-policy": "true" },
};

const pairs = fc
  .tuple(policies, fc.nat({ max: names.length - 1 }), fc.nat({ max: 1023 }))
  .map(([manifests, first, choice]) => {
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const pair = changed(manifests, inventory, name, choice);
      if (pair !== undefined) return pair;
    }
    throw new Error("new names can be given to all policies");
  })
  // A range that ends before it begins is a matter of its own.
  .filter(({ after }) => !JSON.stringify(after.policies).includes('"port":"443","endPort"'));

/** Policies as they are written, which is all that the formulas are made of. */
const manifests = ({ policies }: Side): readonly Policy[] => JSON.parse(JSON.stringify(policies));

const answers: Readonly<Record<Z3_lbool, Proof["kind"]>> = {
  [Z3_lbool.Z3_L_FALSE]: "proved",
  [Z3_lbool.Z3_L_TRUE]: "refuted",
  [Z3_lbool.Z3_L_UNDEF]: "undecided",
};

describe("The prover beside an SMT solver", () => {
  it(`agrees with z3 on ${wanted} pairs of policy sets, rule by rule and all at once`, async function () {
    this.timeout(0);
    const { Z3, em } = await init();
    const context = Z3.mk_context(Z3.mk_config());
    const ask = async (formula: string): Promise<Proof["kind"]> => {
      const solver = Z3.mk_simple_solver(context);
      Z3.solver_inc_ref(context, solver);
      try {
        Z3.solver_from_string(context, solver, `${declarations}\n(assert ${formula})`);
        return answers[await Z3.solver_check(context, solver)];
      } finally {
        Z3.solver_dec_ref(context, solver);
      }
    };
    let asked = 0;
    const counts: Record<string, number> = {};
    const count = (what: string): void => {
      counts[what] = (counts[what] ?? 0) + 1;
    };
    try {
      await fc.assert(
        fc.asyncProperty(pairs, async ({ before, after }) => {
          const [earlier, later] = [manifests(before), manifests(after)];
          const judged = await ask(differ(earlier, later));
          const own = equal(before, after, { connections: false, effective: true, method: "each" });
          const whole = equal(before, after, { connections: false, effective: true, method: "all" });
          const text = (): string => JSON.stringify({ before: before.policies, after: after.policies, own });
          assert.deepEqual([own.kind, whole.kind], [judged, judged], text());
          count(`equal ${judged}`);
          // Of four pairs one is asked about the other property.
          if (asked++ % 4 > 0) return;
          const opened = implies(before, after, { connections: true });
          assert.equal(opened.kind, await ask(opens(earlier, later)), `${JSON.stringify(opened)}\n${text()}`);
          count(`implies ${opened.kind}`);
        }),
        { numRuns: wanted, seed, endOnFailure: true },
      );
    } finally {
      killThreads(em);
    }
    console.log(`      seed ${seed}: 0 disagreements;`, counts);
    for (const [what, found] of Object.entries(counts)) assert.ok(found > wanted / 20, `${what}: ${found} are too few`);
  });
});
