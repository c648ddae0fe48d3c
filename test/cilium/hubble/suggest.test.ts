import assert from "node:assert/strict";
import fc from "fast-check";
import { destinationNames } from "../../../cilium/hubble/naming.ts";
import { recordReader } from "../../../cilium/hubble/reading.ts";
import { replay } from "../../../cilium/hubble/replay.ts";
import { suggest } from "../../../cilium/hubble/suggest.ts";
import { workloadFinder } from "../../../cilium/hubble/workload.ts";
import { faults } from "../../../cilium/model/check.ts";
import { configure } from "../../../cilium/model/cluster.ts";
import { inventoryOf } from "../../../cilium/model/inventory.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";
import { linesOf } from "../../../cilium/write/addition.ts";
import { loadCluster, loadSourceFiles } from "../../../components/load.ts";
import { sampleCluster } from "../../project.ts";
import { program } from "../../rendered.ts";
import { pasted } from "../write/pasted.ts";
import { apiServer, flow, gateway, host, line, outside, pod, type RecordedEnd, remoteNode } from "./recorded.ts";

const { cluster, config } = program;
const files = await loadSourceFiles(sampleCluster);
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
  return { dropped, suggestions: suggest(dropped, judging, files, find, destinationNames(record)) };
}

const [grafana, postgres] = [podOf("monitoring/grafana"), podOf("data/postgres")];

describe("a suggested line", () => {
  const cases: Readonly<Record<string, readonly [object, string, ...string[]]>> = {
    "a declared port of another namespace, by its name": [
      flow(grafana, postgres, 9187),
      "cluster/monitoring.ts",
      "from(grafana).to(postgres.metrics),",
    ],
    "a workload by another name where its own is taken": [
      flow(podOf("jobs/controller"), podOf("data/controller"), 9443),
      "cluster/jobs.ts",
      'import { controller as controllerOfData } from "./data.ts";',
      "from(controller).to(controllerOfData.webhook),",
    ],
    "the API server on its port": [
      flow(podOf("monitoring/tempo"), apiServer, 6443),
      "cluster/monitoring.ts",
      "from(tempo).to(kubeApiserver),",
    ],
    "another port of a control-plane node": [
      flow(grafana, apiServer, 10250),
      "cluster/monitoring.ts",
      'import { controlPlaneNodes } from "../cilium/language.ts";',
      "from(grafana).to(controlPlaneNodes.on(10250)),",
    ],
    "a node": [
      flow(grafana, remoteNode, 9100),
      "cluster/monitoring.ts",
      'import { remoteNode } from "../cilium/language.ts";',
      "from(grafana).to(remoteNode.on(9100)),",
    ],
    "a name": [
      flow(grafana, outside("192.0.2.1"), 443, { more: { destination_names: ["plugins.example"] } }),
      "cluster/monitoring.ts",
      'from(grafana).to(fqdn("plugins.example").on(443)),',
    ],
    "an address that has no name": [
      flow(grafana, outside("192.0.2.1"), 25),
      "cluster/monitoring.ts",
      'import { cidr } from "../cilium/language.ts";',
      'from(grafana).to(cidr("192.0.2.1/32").on(25)),',
    ],
    "the Gateway as the source, in the file of the server": [
      flow(gateway, postgres, 5432),
      "cluster/data.ts",
      'import { gateway } from "../cilium/language.ts";',
      "from(gateway).to(postgres.postgresql),",
    ],
  };
  for (const [name, [recorded, file, ...text]] of Object.entries(cases)) {
    it(`names exactly what was seen: ${name}`, () => {
      const { additions, without } = replayed([recorded]).suggestions;
      assert.deepEqual(
        additions.map((addition) => [addition.file, ...linesOf(addition)]),
        [[file, ...text]],
      );
      assert.deepEqual(without, []);
    });
  }

  it("declares a port that the workload does not", () => {
    assert.deepEqual(replayed([flow(grafana, postgres, 9999, { protocol: "UDP" })]).suggestions.additions, [
      {
        file: "cluster/monitoring.ts",
        imports: [],
        ports: [],
        flows: ["from(grafana).to(postgres.udp9999),"],
      },
      {
        file: "cluster/data.ts",
        imports: ['import { udp } from "../cilium/language.ts";'],
        ports: [{ of: "postgres", line: "udp9999: udp(9999)," }],
        flows: [],
      },
    ]);
  });

  it("gathers what one source reached, the names of a port together", () => {
    const named = (address: string, name: string) =>
      flow(grafana, outside(address), 443, { more: { destination_names: [name] } });
    const { additions } = replayed([
      named("192.0.2.1", "b.example"),
      flow(grafana, postgres, 9187),
      named("192.0.2.2", "a.example"),
    ]).suggestions;
    assert.deepEqual(
      additions.flatMap(({ flows }) => flows),
      ['from(grafana).to(postgres.metrics, fqdn("a.example", "b.example").on(443)),'],
    );
  });

  it("says once what pods of one workload with different labels have in common", () => {
    const sensor = (name: string, number: number) =>
      pod({ namespace: "jobs", name: "sensor", labels: { sensor: name } }, number);
    const { additions } = replayed([
      flow(sensor("timetable", 801), postgres, 5432),
      flow(sensor("tides", 802), postgres, 5432),
    ]).suggestions;
    assert.deepEqual(
      additions.flatMap(({ flows }) => flows),
      ["from(sensor).to(postgres.postgresql),"],
    );
  });

  it("says ICMP by its type", () => {
    const { additions } = replayed([flow(grafana, postgres, 8, { protocol: "ICMP" })]).suggestions;
    assert.deepEqual(
      additions.flatMap(({ flows }) => flows),
      ["from(grafana).to(postgres.on(icmp(8))),"],
    );
  });

  const without: Readonly<Record<string, readonly [object, RegExp]>> = {
    "what comes from outside": [flow(outside("192.0.2.1"), grafana, 3000), /^it comes from outside the cluster/],
    "what a deny rule refuses": [flow(outside("192.0.2.1"), podOf("jobs/backup"), 80), /^a deny rule refuses it/],
    "pods that are no workload, in a namespace of the program": [
      flow(pod({ namespace: "jobs", name: "mystery", labels: {} }, 999), postgres, 5432),
      /^jobs\/mystery is no workload of the program; declare it in cluster\/jobs.ts first$/,
    ],
    "pods of a namespace that is not the program's": [
      flow(pod({ namespace: "default", name: "toolbox", labels: {} }, 999), postgres, 5432),
      /^default\/toolbox is no workload of the program; default is no namespace of the program$/,
    ],
  };
  for (const [name, [recorded, reason]] of Object.entries(without)) {
    it(`is not made up for ${name}`, () => {
      const { additions, without } = replayed([recorded]).suggestions;
      assert.deepEqual(additions, []);
      assert.equal(without.length, 1);
      assert.match(without[0]?.reason ?? "", reason);
    });
  }

  it("lets through what was recorded once it is added, and nothing that was not", async function () {
    this.timeout("1m");
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
    await fc.assert(
      fc.asyncProperty(fc.array(connection, { minLength: 2, maxLength: 24 }), async (connections) => {
        const flows = connections.map(({ source, destination, port }) =>
          flow(source, destination, port, { more: { destination_names: ["seen.example"] } }),
        );
        const [unrecorded, ...recorded] = flows;
        assert.ok(unrecorded);
        const before = replayed(recorded);
        const extended = configure(await loadCluster(pasted(sampleCluster, before.suggestions.additions)), config);
        assert.deepEqual(faults(extended), []);
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
      { numRuns: 20 },
    );
  });
});

const keyOf = ({ source, destination, port }: { source: string; destination: string; port: string }): string =>
  `${source} → ${destination}:${port}`;
