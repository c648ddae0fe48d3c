import assert from "node:assert/strict";
import { configure, workloadId, workloads } from "../../cilium/model/cluster.ts";
import { defaultDeny, excludedPods, flowOutputs, policyCounts } from "../../components/outputs.ts";
import { declared, program } from "../rendered.ts";
import { policyCount, workloadCount } from "../sample/counts.ts";

describe("The stack's outputs", () => {
  it("count the policies of each namespace and in total", () => {
    const { total, clusterwide, namespaces } = policyCounts(program);
    assert.equal(total, policyCount);
    assert.equal(clusterwide, 1);
    assert.equal(namespaces.argo, 12);
    assert.equal(namespaces["1password"], 1);
    assert.equal(
      Object.values(namespaces).reduce((a, b) => a + b),
      workloadCount,
    );
  });

  it("list each flow with its ends, ports, purpose and L7", () => {
    const flows = flowOutputs(program.cluster);
    assert.deepEqual(
      flows.find(({ from, to }) => from === "monitoring/grafana" && to === "database/shared-pg"),
      { from: "monitoring/grafana", to: "database/shared-pg", ports: ["5432/TCP"], purpose: "Dashboard state" },
    );
    assert.deepEqual(
      flows.find(({ from, to }) => from === "gateway" && to === "monitoring/grafana"),
      { from: "gateway", to: "monitoring/grafana", ports: ["3000/TCP"], l7: "http" },
    );
  });

  it("name the pods on the host's network and why they are there", () => {
    const excluded = excludedPods(program.cluster);
    assert.deepEqual(
      excluded.find(({ pod }) => pod === "trident-node-linux"),
      { namespace: "trident", pod: "trident-node-linux", reason: "CSI node plugin" },
    );
    assert.equal(excluded.length, 9);
  });

  it("name the workloads in default deny, without those that are only observed", () => {
    const all = workloads(program.cluster).map(workloadId);
    assert.deepEqual(defaultDeny(program.cluster), { ingress: all, egress: all });

    const observing = configure(declared, { ...program.config, namespaceEnforcement: { argo: "observe" } });
    const enforced = all.filter((name) => !name.startsWith("argo/"));
    assert.deepEqual(defaultDeny(observing), { ingress: enforced, egress: enforced });

    const everyPod = configure(declared, { ...program.config, egressDefaultDeny: true });
    assert.deepEqual(defaultDeny(everyPod), { ingress: all, egress: [...all, "every other pod"] });
  });
});
