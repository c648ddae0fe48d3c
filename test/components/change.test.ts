import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mock } from "node:test";
import { runtime } from "@pulumi/pulumi";
import { disconnect } from "@pulumi/pulumi/runtime/settings.js";
import fc from "fast-check";
import { workloadId, workloads } from "../../cilium/model/cluster.ts";
import { inventoryOf } from "../../cilium/model/inventory.ts";
import { policyName } from "../../cilium/policy/parts.ts";
import { diff, type Side } from "../../cilium/reach/report/diff.ts";
import { describe as tell } from "../../cilium/reach/report/diff-text.ts";
import { announceChange } from "../../components/change.ts";
import { changeText } from "../../components/change-text.ts";
import { areDeployed, deployedPolicies } from "../../components/deployed.ts";
import { type Program, readProgram } from "../../components/program.ts";
import { sample } from "../project.ts";
import { declared, program } from "../rendered.ts";
import { workloadCount } from "../sample/counts.ts";

const stack = { project: "network-policies", stack: "prod" };

/** Config as the engine hands it over. */
const withKeys = (config: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      value === undefined ? [] : [[`network-policies:${key}`, value] as const],
    ),
  );

/** The program with other config. */
const configured = (config: Readonly<Record<string, string>>): Program =>
  readProgram(declared, withKeys(config), stack);

/** The resources of a stack that has applied a program, as the Pulumi engine gives them: with what the API server adds. */
function resourcesOf({ cluster, policies }: Program): Record<string, { type: string; outputs: object }> {
  const urn = "urn:pulumi:prod::network-policies::";
  const names = new Map(
    policies
      .filter(({ kind }) => kind === "CiliumNetworkPolicy")
      .map((policy, at) => [policy, workloads(cluster)[at]] as const)
      .flatMap(([policy, workload]) => (workload === undefined ? [] : [[policyName(policy), workloadId(workload)]])),
  );
  const applied = policies.map((policy) => {
    const type = `kubernetes:cilium.io/v2:${policy.kind}`;
    const component = policy.kind === "CiliumNetworkPolicy" ? "NamespacePolicies" : "ClusterwidePolicies";
    const name = names.get(policyName(policy)) ?? policyName(policy);
    const metadata = { ...policy.metadata, uid: "9b4c", generation: 1, managedFields: [{ manager: "pulumi" }] };
    const outputs = { ...policy, metadata, status: { conditions: [] }, __fieldManager: "pulumi-kubernetes-1" };
    return [`${urn}network-policies:index:${component}$${type}::${name}`, { type, outputs }] as const;
  });
  return Object.fromEntries([
    [`${urn}pulumi:pulumi:Stack::network-policies-prod`, { type: "pulumi:pulumi:Stack", outputs: {} }],
    [`${urn}pulumi:providers:kubernetes::cluster`, { type: "pulumi:providers:kubernetes", outputs: { context: "x" } }],
    // Somebody's own, in the same stack: none of the program's.
    [`${urn}kubernetes:cilium.io/v2:CiliumNetworkPolicy::mine`, { type: "kubernetes:…", outputs: { spec: "?" } }],
    ...applied,
  ]);
}

const sideOf = ({ cluster, policies }: Program): Side => ({ policies, inventory: inventoryOf(cluster) });

describe("What a change means for connections", () => {
  const cases: [title: string, before: Program, after: Program, expected: string[] | undefined][] = [
    ["is nothing when the policies are the same", program, configured({}), undefined],
    [
      "is nothing when a policy only gets another name",
      program,
      configured({ policyNames: '{"data/postgres": "database"}' }),
      undefined,
    ],
    [
      "is another address",
      program,
      configured({ addresses: '{"nas": "10.9.8.7"}' }),
      [
        "1 flow closed, 1 flow opened",
        "jobs/archive can no longer reach 10.20.0.9:2049",
        "jobs/archive can now reach nas (10.9.8.7):2049",
      ],
    ],
    [
      "is what no statement says: the names that pods may resolve",
      configured({ dnsNames: '["*.example.com"]' }),
      program,
      [
        `${workloadCount} flows with other conditions`,
        `argocd/server, argocd/repo-server, argocd/redis, booking/tunnel, booking/web, monitoring/grafana, monitoring/prometheus, monitoring/tempo and ${workloadCount - 8} others → kube-system/coredns:53/TCP+UDP passes L7 DNS instead of L7 DNS: *.example.com`,
      ],
    ],
    [
      "is who enters default deny, pods without a policy of their own included",
      program,
      configured({ egressDefaultDeny: "true" }),
      [
        "1 workload enters default deny, 7 flows closed",
        "every other pod enters default deny for egress: what no rule allows is refused",
        "every other pod can no longer reach host, remote-node, world, itself, gateway, health and unmanaged on every port",
      ],
    ],
    [
      "is who leaves default deny where policies are only observed",
      program,
      configured({ namespaceEnforcement: '{"identity": "observe"}' }),
      [
        "1 workload leaves default deny, 15 flows opened",
        "identity/login leaves default deny in both directions: what no rule denies is allowed",
        "remote-node, world, every other pod, health and unmanaged can now reach identity/login on every port",
        "identity/login can now reach itself on every port but 8444, world, every other pod, host, remote-node, gateway, health and unmanaged on every port and kube-apiserver on every port but 6443",
        "gateway can now reach identity/login on every port but 8443",
      ],
    ],
  ];
  for (const [title, before, after, expected] of cases) {
    it(title, () => {
      const text = expected && [
        `What changes for connections: ${expected[0]}`,
        ...expected.slice(1).map((line) => `  ${line}`),
      ];
      assert.equal(changeText(deployedPolicies(resourcesOf(before)), after), text?.join("\n"));
    });
  }

  it("is not asked of the engine where the deployed policies are the program's, and nowhere else", () => {
    const deployed = (of: Program) => deployedPolicies(resourcesOf(of));
    assert.ok(areDeployed(program.policies, deployed(program)));
    for (const other of [
      configured({ addresses: '{"nas": "10.9.8.7"}' }),
      configured({ policyNames: '{"data/postgres": "database"}' }),
      { ...program, policies: program.policies.slice(1) },
    ]) {
      assert.ok(!areDeployed(program.policies, deployed(other)));
      assert.ok(!areDeployed(other.policies, deployed(program)));
    }
  });

  it("is told in one line before the first deployment, against the same pods without any policy", () => {
    const { summary } = tell(diff({ ...sideOf(program), policies: [] }, sideOf(program)));
    const others = { "urn:pulumi:prod::network-policies::pulumi:pulumi:Stack::x": { outputs: {} } };
    for (const resources of [{}, others])
      assert.equal(changeText(deployedPolicies(resources), program), `First deployment: ${summary}`);
    assert.match(summary, new RegExp(`^${workloadCount} workloads enter default deny, \\d+ flows closed, `));
  });

  it("is what netpol diff says of the two programs, whatever changes between them", function () {
    this.timeout(0);
    const topics = new Map<string, number>();
    fc.assert(
      fc.property(anyProgram, anyProgram, (before, after) => {
        const { summary, sentences } = tell(diff(sideOf(before), sideOf(after)));
        const lines = [`What changes for connections: ${summary}`, ...sentences.map(({ text }) => `  ${text}`)];
        assert.equal(
          changeText(deployedPolicies(resourcesOf(before)), after),
          sentences.length === 0 ? undefined : lines.join("\n"),
        );
        for (const { topic } of sentences) topics.set(topic, (topics.get(topic) ?? 0) + 1);
      }),
      { seed, numRuns: 40 },
    );
    console.log(`      seed ${seed}: ${[...topics].map(([topic, count]) => `${count} ${topic}`).join(", ")}`);
    for (const topic of ["workloads", "default deny", "closed", "opened", "changed"]) {
      assert.ok(topics.has(topic), `something about ${topic} is told`);
    }
  });
});

const seed = Number(process.env.SEED ?? 20261128);

/** The cluster with workloads of a namespace and flows left out, and with other config. */
const anyProgram = fc
  .record({
    // Of workloads that are gone, a state tells no other order than that of their names: these are declared in it.
    left: fc.constantFrom(undefined, "identity", "booking", "monitoring"),
    dropped: fc.integer({ min: 1, max: 9 }),
    config: fc.record(
      {
        clusterName: fc.constant("west"),
        dnsNames: fc.constant('["*.example.com"]'),
        egressDefaultDeny: fc.constant("true"),
        enforcement: fc.constant("observe"),
        namespaceEnforcement: fc.constant('{"data": "observe"}'),
        addresses: fc.constant('{"nas": "10.9.8.7"}'),
        policyNames: fc.constant('{"data/postgres": "database"}'),
        labels: fc.constant('{"argocd/redis": {"app": "valkey"}}'),
        apiServerPort: fc.constant("16443"),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ left, dropped, config }) => {
    const cluster = {
      ...declared,
      namespaces: declared.namespaces
        .filter(({ name }) => name !== left)
        .map((namespace) => ({
          ...namespace,
          statements: namespace.statements.filter(
            ({ sources, destinations }, at) =>
              // The hosts that config gives other addresses have to stay.
              (at % 10 !== dropped || destinations.some(({ peer }) => peer.kind === "external")) &&
              [...sources, ...destinations.map(({ peer }) => peer)].every(
                (peer) => peer.kind !== "workload" || peer.namespace !== left,
              ),
          ),
        })),
    };
    return readProgram(cluster, withKeys(config), stack);
  });

describe("A preview", () => {
  let asked: { token: string; inputs: unknown }[];

  /** Announces the change under Pulumi's mocks, and gives what was logged. */
  async function logged(preview: boolean, answer: () => object): Promise<string[]> {
    asked = [];
    const mocks = {
      newResource: () => ({ id: "", state: {} }),
      call: ({ token, inputs }: runtime.MockCallArgs) => {
        asked.push({ token, inputs });
        return answer();
      },
    };
    await runtime.setMocks(mocks, "network-policies", "prod", preview, "acme");
    const log = mock.method(console, "log", () => undefined);
    try {
      await announceChange(program);
      return log.mock.calls.map(({ arguments: [text] }) => String(text));
    } finally {
      log.mock.restore();
      await disconnect();
    }
  }

  it("reads the resources of its own stack and logs one message", async () => {
    const before = configured({ addresses: '{"nas": "10.9.8.7"}' });
    const messages = await logged(true, () => ({ outputs: resourcesOf(before) }));
    assert.deepEqual(asked, [
      { token: "pulumi:pulumi:readStackResourceOutputs", inputs: { stackName: "acme/network-policies/prod" } },
    ]);
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? "", /jobs\/archive can now reach nas \(10\.20\.0\.9\):2049$/);
  });

  it("logs nothing when nothing changes", async () => {
    assert.deepEqual(await logged(true, () => ({ outputs: resourcesOf(program) })), []);
  });

  it("reads them again while the engine writes them", async () => {
    let left = 2;
    const answer = (): object => {
      if (left-- === 0) return { outputs: resourcesOf(program) };
      throw Object.assign(new Error(), { details: "returned an error: failed to load checkpoint: EOF" });
    };
    assert.deepEqual(await logged(true, answer), []);
    assert.equal(asked.length, 3);
  });

  const failures: [what: string, answer: () => object, expected: RegExp][] = [
    [
      "cannot be read",
      () => {
        // As the engine's errors arrive: their text is in the details.
        throw Object.assign(new Error(), { details: "the backend is away" });
      },
      /^[^\n]*What changes for connections is not known: .*the backend is away$/,
    ],
    [
      "are of another form",
      () => ({
        outputs: Object.fromEntries(
          Object.entries(resourcesOf(program)).map(([urn, { type }]) => [urn, { type, outputs: { spec: "?" } }]),
        ),
      }),
      /What changes for connections is not known: the policies that the stack deployed last are not of a known form$/,
    ],
  ];
  for (const [what, answer, expected] of failures) {
    it(`says so when the last policies ${what}, and goes on`, async () => {
      const [message, ...more] = await logged(true, answer);
      assert.match(message ?? "", expected);
      assert.deepEqual(more, []);
    });
  }

  it("is the only operation that waits for the reachability engine: the program does not load it", () => {
    const script = `
      import { registerHooks } from "node:module";
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      await import("./components/network-policies.ts");
      await import("./cluster/cluster.ts");
      console.log(JSON.stringify(loaded));`;
    const args = ["--input-type=module", "--eval", script];
    const loaded = execFileSync(process.execPath, args, { cwd: sample, encoding: "utf8" });
    assert.match(loaded, /\/components\/change\.ts"/);
    assert.doesNotMatch(loaded, /\/cilium\/reach\//);
  });

  it("is the only operation that asks: an update does not", async () => {
    assert.deepEqual(await logged(false, () => ({ outputs: {} })), []);
    assert.deepEqual(asked, []);
  });
});
