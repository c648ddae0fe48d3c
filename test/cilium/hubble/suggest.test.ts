import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { recordReader } from "../../../cilium/hubble/record.ts";
import { destinationNames, replay } from "../../../cilium/hubble/replay.ts";
import { constantOf, type Suggestions, suggest } from "../../../cilium/hubble/suggest.ts";
import { workloadFinder } from "../../../cilium/hubble/workload.ts";
import * as language from "../../../cilium/language.ts";
import { namespace as openNamespace, sctp, tcp, udp } from "../../../cilium/language.ts";
import { faults } from "../../../cilium/model/check.ts";
import { configure, workloadId, workloads } from "../../../cilium/model/cluster.ts";
import { collect, type StatedFlow } from "../../../cilium/model/flow.ts";
import { inventoryOf } from "../../../cilium/model/inventory.ts";
import type { Workload } from "../../../cilium/model/peers.ts";
import { readCluster } from "../../../cilium/model/read.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";
import { program } from "../../rendered.ts";
import { cluster as declared } from "../../sample/cluster/cluster.ts";
import { apiServer, flow, gateway, host, line, outside, pod, type RecordedEnd, remoteNode } from "./recorded.ts";

const { cluster, config } = program;
const endpoints = inventoryOf(cluster).endpoints.filter(({ hostNetwork }) => !hostNetwork);

function podOf(workload: string): RecordedEnd {
  const index = endpoints.findIndex(({ namespace, name }) => `${namespace}/${name}` === workload);
  const endpoint = endpoints[index];
  assert.ok(endpoint, workload);
  return pod(endpoint, index + 1);
}

/** What would be dropped of a record under a cluster's policies, and the lines that would declare it. */
function replayed(flows: readonly object[], judging = cluster) {
  const reader = recordReader();
  for (const one of flows) reader.add(line(one));
  const record = reader.record();
  const find = workloadFinder(judging);
  const { dropped } = replay(record, renderPolicies(judging), inventoryOf(judging), find, judging);
  return { dropped, suggestions: suggest(dropped, judging, find, destinationNames(record)) };
}

const [grafana, sharedPg] = [podOf("monitoring/grafana"), podOf("database/shared-pg")];

describe("a suggested line", () => {
  const cases: Readonly<Record<string, readonly [object, string, string, readonly string[]]>> = {
    "a declared port of another namespace, by its name": [
      flow(grafana, sharedPg, 9187),
      "cluster/monitoring.ts",
      "from(grafana).to(sharedPg.metrics),",
      ['import { sharedPg } from "./database.ts";'],
    ],
    "a port that the workload does not declare, with its declaration": [
      flow(grafana, sharedPg, 9999, { protocol: "UDP" }),
      "cluster/monitoring.ts",
      "from(grafana).to(sharedPg.port9999),",
      ['import { sharedPg } from "./database.ts";', "in cluster/database.ts, a port of sharedPg: port9999: udp(9999)"],
    ],
    "the API server on its port": [
      flow(podOf("monitoring/tempo"), apiServer, 6443),
      "cluster/monitoring.ts",
      "from(tempo).to(kubeApiserver),",
      [],
    ],
    "another port of a control-plane node": [
      flow(grafana, apiServer, 10250),
      "cluster/monitoring.ts",
      "from(grafana).to(controlPlaneNodes.on(10250)),",
      [],
    ],
    "a node": [flow(grafana, remoteNode, 9100), "cluster/monitoring.ts", "from(grafana).to(remoteNode.on(9100)),", []],
    "a name": [
      flow(grafana, outside("192.0.2.1"), 443, { more: { destination_names: ["plugins.example"] } }),
      "cluster/monitoring.ts",
      'from(grafana).to(fqdn("plugins.example").on(443)),',
      [],
    ],
    "an address that has no name": [
      flow(grafana, outside("192.0.2.1"), 25),
      "cluster/monitoring.ts",
      'from(grafana).to(cidr("192.0.2.1/32").on(25)),',
      [],
    ],
    "the Gateway as the source, in the file of the server": [
      flow(gateway, sharedPg, 5432),
      "cluster/database.ts",
      "from(gateway).to(sharedPg.postgresql),",
      [],
    ],
  };
  for (const [name, [recorded, file, text, needs]] of Object.entries(cases)) {
    it(`names exactly what was seen: ${name}`, () => {
      assert.deepEqual(replayed([recorded]).suggestions, { lines: [{ file, line: text, needs }], without: [] });
    });
  }

  it("imports a workload by another name where its own is taken", () => {
    const [trident, certManager] = [podOf("trident/controller"), podOf("cert-manager/controller")];
    assert.deepEqual(replayed([flow(trident, certManager, 9402)]).suggestions.lines, [
      {
        file: "cluster/trident.ts",
        line: "from(controller).to(certManagerController.metrics),",
        needs: ['import { controller as certManagerController } from "./cert-manager.ts";'],
      },
    ]);
  });

  it("gathers what one source reached, the names of a port together", () => {
    const named = (address: string, name: string) =>
      flow(grafana, outside(address), 443, { more: { destination_names: [name] } });
    const { lines } = replayed([
      named("192.0.2.1", "b.example"),
      flow(grafana, sharedPg, 9187),
      named("192.0.2.2", "a.example"),
    ]).suggestions;
    assert.deepEqual(
      lines.map(({ line }) => line),
      ['from(grafana).to(sharedPg.metrics, fqdn("a.example", "b.example").on(443)),'],
    );
  });

  it("says once what pods of one workload with different labels have in common", () => {
    const sensor = (name: string, number: number) =>
      pod({ namespace: "argo", name: "sensor", labels: { "sensor-name": name } }, number);
    const { lines } = replayed([
      flow(sensor("pxe-sync", 801), sharedPg, 5432),
      flow(sensor("talos-build", 802), sharedPg, 5432),
    ]).suggestions;
    assert.deepEqual(
      lines.map(({ line }) => line),
      ["from(sensor).to(sharedPg.postgresql),"],
    );
  });

  const without: Readonly<Record<string, readonly [object, RegExp]>> = {
    "what comes from outside": [flow(outside("192.0.2.1"), grafana, 3000), /^it comes from outside the cluster/],
    "what a deny rule refuses": [
      flow(outside("192.0.2.1"), podOf("argo/kanidm-backup"), 80),
      /^a deny rule refuses it/,
    ],
    "what has no ports": [flow(grafana, sharedPg, 8, { protocol: "ICMP" }), /^the language has no word for ICMP$/],
    "pods that are no workload, in a namespace of the program": [
      flow(pod({ namespace: "argo", name: "mystery", labels: {} }, 999), sharedPg, 5432),
      /^argo\/mystery is no workload of the program; declare it in cluster\/argo.ts first$/,
    ],
    "pods of a namespace that is not the program's": [
      flow(pod({ namespace: "default", name: "toolbox", labels: {} }, 999), sharedPg, 5432),
      /^default\/toolbox is no workload of the program; default is no namespace of the program$/,
    ],
  };
  for (const [name, [recorded, reason]] of Object.entries(without)) {
    it(`is not made up for ${name}`, () => {
      const { lines, without } = replayed([recorded]).suggestions;
      assert.deepEqual(lines, []);
      assert.equal(without.length, 1);
      assert.match(without[0]?.reason ?? "", reason);
    });
  }

  it("lets through what was recorded once it is added, and nothing that was not", async () => {
    const words = await wordsByFile();
    const ends = [
      ...endpoints.map(({ namespace, name }) => podOf(`${namespace}/${name}`)),
      host,
      remoteNode,
      apiServer,
      gateway,
      outside("192.0.2.1"),
    ];
    const connection = fc.record({
      source: fc.constantFrom(...ends),
      destination: fc.constantFrom(...ends),
      port: fc.constantFrom(443, 5432, 6443, 8080, 9187, 10250),
    });
    fc.assert(
      fc.property(fc.array(connection, { minLength: 2, maxLength: 12 }), (connections) => {
        const flows = connections.map(({ source, destination, port }) =>
          flow(source, destination, port, { more: { destination_names: ["seen.example"] } }),
        );
        const [unrecorded, ...recorded] = flows;
        assert.ok(unrecorded);
        const before = replayed(recorded);
        const extended = withLines(before.suggestions, words);
        const after = replayed(recorded, extended);
        const unsuggested = new Set(before.suggestions.without.map(({ group }) => keyOf(group)));
        assert.deepEqual(
          after.dropped.map(keyOf).filter((key) => !unsuggested.has(key)),
          [],
          "what was recorded is let through",
        );
        const [other] = replayed([unrecorded]).dropped;
        const same = before.dropped.some((group) => other !== undefined && keyOf(group) === keyOf(other));
        if (other !== undefined && !same) assert.equal(replayed([unrecorded], extended).dropped.length, 1);
      }),
      { numRuns: 40 },
    );
  });

  it("calls every workload as its file does", async () => {
    const words = await wordsByFile();
    for (const workload of workloads(cluster)) {
      const word = constantOf(workload);
      const exported = words.get(`cluster/${workload.namespace}.ts`)?.[word];
      assert.ok(exported !== undefined, `${workloadId(workload)} is not called ${word}`);
      assert.partialDeepStrictEqual(exported, { namespace: workload.namespace, name: workload.name });
    }
  });
});

const keyOf = ({ source, destination, port }: { source: string; destination: string; port: string }): string =>
  `${source} → ${destination}:${port}`;

type Words = Readonly<Record<string, unknown>>;

/** What each namespace's file exports. */
async function wordsByFile(): Promise<Map<string, Words>> {
  const files = cluster.namespaces.map(({ name }) => `cluster/${name}.ts`);
  const root = join(import.meta.dirname, "../../..");
  const modules = files.map(
    async (file): Promise<[string, Words]> => [file, { ...(await import(pathToFileURL(join(root, file)).href)) }],
  );
  return new Map(await Promise.all(modules));
}

/** The program with the lines written into their files, the ports that they need declared. */
function withLines({ lines }: Suggestions, words: ReadonlyMap<string, Words>) {
  const declaredPorts = withPorts(
    lines.flatMap(({ needs }) => needs),
    words,
  );
  const statements = Map.groupBy(lines, ({ file }) => file);
  const namespaces = declared.namespaces.map((namespace) => ({
    ...namespace,
    state: () =>
      collect(() => [
        ...namespace.state().given,
        ...(statements.get(`cluster/${namespace.name}.ts`) ?? []).map(({ file, line, needs }) =>
          evaluate(line, scopeOf(file, needs, declaredPorts)),
        ),
      ]),
  }));
  const configured = configure(readCluster({ ...declared, namespaces }), config);
  assert.deepEqual(faults(configured), []);
  return configured;
}

/** The words that a line of a file may use: the language, the file's own, what it imports. */
function scopeOf(file: string, needs: readonly string[], words: ReadonlyMap<string, Words>): Words {
  const scope: Record<string, unknown> = { ...language, ...words.get(file) };
  for (const need of needs) {
    const [, constant = "", as = constant, from] =
      /^import \{ (\w+)(?: as (\w+))? \} from "\.\/(.+)";$/.exec(need) ?? [];
    if (from === undefined) continue;
    assert.ok(!(as in scope), `${as} is taken in ${file}`);
    scope[as] = words.get(`cluster/${from}`)?.[constant];
  }
  return scope;
}

/** The files with the ports declared that lines need. */
function withPorts(needs: readonly string[], words: ReadonlyMap<string, Words>): Map<string, Words> {
  const extended = new Map(words);
  for (const need of needs) {
    const [, file = "", constant = "", port = "", transport, number] =
      /^in (\S+), a port of (\w+): (\w+): (\w+)\((\d+)\)$/.exec(need) ?? [];
    const workload = extended.get(file)?.[constant];
    if (!isWorkload(workload) || (transport !== "tcp" && transport !== "udp" && transport !== "sctp")) continue;
    const { namespace, name, labels, ports } = workload;
    const added = { ...ports, [port]: transports[transport](Number(number)) };
    const declared = openNamespace(namespace).workload<string>(name, { labels, ports: added });
    extended.set(file, { ...extended.get(file), [constant]: declared });
  }
  return extended;
}

const transports = { tcp, udp, sctp };

const isWorkload = (value: unknown): value is Workload =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "workload";

function evaluate(line: string, { default: _, ...words }: Words): StatedFlow {
  const statement = new Function(...Object.keys(words), `return ${line.replace(/,$/, "")}`);
  return statement(...Object.values(words));
}
