import assert from "node:assert/strict";
import { configure, workloadId, workloads } from "../../cilium/model/cluster.ts";
import { defaultDeny, excludedPods, flowOutputs, policyCounts } from "../../components/outputs.ts";
import { declared, program } from "../rendered.ts";
import { policyCounts as counted, policyCount } from "../sample/counts.ts";

describe("The stack's outputs", () => {
  it("count the policies of each namespace and in total", () => {
    assert.deepEqual(policyCounts(program), { total: policyCount, clusterwide: 1, verbatim: 0, namespaces: counted });
  });

  it("list each flow with its ends, ports, purpose and L7", () => {
    const flows = flowOutputs(program.cluster);
    assert.deepEqual(
      flows.find(({ from, to }) => from === "monitoring/grafana" && to === "data/postgres"),
      { from: "monitoring/grafana", to: "data/postgres", ports: ["5432/TCP"], purpose: "Dashboards" },
    );
    assert.deepEqual(
      flows.find(({ from, to }) => from === "gateway" && to === "monitoring/grafana"),
      { from: "gateway", to: "monitoring/grafana", ports: ["3000/TCP"], l7: "http" },
    );
  });

  it("name the pods on the host's network and why they are there", () => {
    const excluded = excludedPods(program.cluster);
    assert.deepEqual(
      excluded.find(({ pod }) => pod === "node-exporter"),
      { namespace: "monitoring", pod: "node-exporter", reason: "Metrics of the nodes" },
    );
    assert.equal(excluded.length, 3);
  });

  it("name the workloads in default deny, without those that are only observed", () => {
    const all = workloads(program.cluster).map(workloadId);
    assert.deepEqual(defaultDeny(program.cluster), { ingress: all, egress: all });

    const observing = configure(declared, { ...program.config, namespaceEnforcement: { jobs: "observe" } });
    const enforced = all.filter((name) => !name.startsWith("jobs/"));
    assert.deepEqual(defaultDeny(observing), { ingress: enforced, egress: enforced });

    const everyPod = configure(declared, { ...program.config, egressDefaultDeny: true });
    assert.deepEqual(defaultDeny(everyPod), { ingress: all, egress: [...all, "every other pod"] });
  });
});
