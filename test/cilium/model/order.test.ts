import assert from "node:assert/strict";
import fc from "fast-check";
import { from, http, namespace } from "../../../cilium/language.ts";
import { configure, workloadId } from "../../../cilium/model/cluster.ts";
import { applyOrder, rings } from "../../../cilium/model/order.ts";
import { readCluster } from "../../../cilium/model/read.ts";
import { program } from "../../rendered.ts";

/** A flow from the client to the server, each as `namespace/name`. */
type Edge = readonly [client: string, server: string];

/** A cluster of these workloads with these flows. */
function clusterOf(ids: readonly string[], edges: readonly Edge[]) {
  const opened = new Map(ids.map((id) => id.split("/")[0] ?? "").map((name) => [name, namespace(name)]));
  const workloads = new Map(
    ids.map((id) => {
      const [home = "", name = ""] = id.split("/");
      const declared = opened.get(home)?.workload(name, { labels: { app: name }, ports: { http: http(80) } });
      return [id, declared ?? assert.fail(id)];
    }),
  );
  const at = (id: string) => workloads.get(id) ?? assert.fail(id);
  const namespaces = [...opened].map(([name, ns]) =>
    ns.flows(() =>
      edges
        .filter(([client]) => client.startsWith(`${name}/`))
        .map(([client, server]) => from(at(client)).to(at(server).http)),
    ),
  );
  const dns = at(ids[0] ?? "").http;
  return configure(readCluster({ dns, namespaces }), program.config);
}

const names = (ids: readonly string[], edges: readonly Edge[]): string[] =>
  applyOrder(clusterOf(ids, edges)).map(({ workload }) => workloadId(workload));

describe("The order of applying", () => {
  it("is between workloads where namespaces are each other's servers", () => {
    const ids = ["apps/web", "monitoring/prometheus", "monitoring/tempo"];
    const edges: Edge[] = [
      ["monitoring/prometheus", "apps/web"],
      ["apps/web", "monitoring/tempo"],
    ];
    assert.deepEqual(names(ids, edges), ["monitoring/tempo", "apps/web", "monitoring/prometheus"]);
    assert.deepEqual(rings(clusterOf(ids, edges)), []);
  });

  it("keeps the workloads of a namespace together where namespaces have an order", () => {
    const ids = ["apps/web", "apps/job", "data/db", "data/backup"];
    assert.deepEqual(names(ids, [["apps/web", "data/db"]]), ["data/db", "data/backup", "apps/web", "apps/job"]);
  });

  it("leaves a ring of workloads unordered, and tells it", () => {
    const ids = ["a/left", "b/right", "b/server"];
    const edges: Edge[] = [
      ["a/left", "b/right"],
      ["b/right", "a/left"],
      ["a/left", "b/server"],
    ];
    const cluster = clusterOf(ids, edges);
    assert.deepEqual(
      rings(cluster).map((ring) => ring.toSorted()),
      [["a/left", "b/right"]],
    );
    const steps = new Map(applyOrder(cluster).map(({ workload, after }) => [workloadId(workload), after]));
    assert.deepEqual(steps.get("a/left"), ["b/server"]);
    assert.deepEqual(steps.get("b/right"), []);
  });

  it("has every server before its clients, but for those of a ring, whatever the flows", () => {
    const ids = ["a", "b", "c"].flatMap((home) => ["1", "2", "3"].map((name) => `${home}/${name}`));
    const edge = fc.tuple(fc.constantFrom(...ids), fc.constantFrom(...ids));
    fc.assert(
      fc.property(fc.uniqueArray(edge, { maxLength: 14, selector: String }), (edges) => {
        const cluster = clusterOf(ids, edges);
        const order = applyOrder(cluster);
        assert.equal(order.length, ids.length);
        const reaches = closure(ids, edges);
        for (const [at, { workload, after }] of order.entries()) {
          const id = workloadId(workload);
          const servers = edges.filter(([client]) => client === id).map(([, server]) => server);
          const ordered = servers.filter((server) => !reaches(server, id));
          assert.deepEqual(after.toSorted(), [...new Set(ordered)].sort());
          for (const server of after) {
            assert.ok(order.findIndex((step) => workloadId(step.workload) === server) < at, `${server} before ${id}`);
          }
        }
        const inRings = rings(cluster).flat().sort();
        assert.deepEqual(
          inRings,
          ids.filter((id) => ids.some((other) => other !== id && reaches(id, other) && reaches(other, id))),
        );
      }),
    );
  });
});

/** Whether one workload is a client of another, directly or around corners, or the other itself. */
function closure(ids: readonly string[], edges: readonly Edge[]): (from: string, to: string) => boolean {
  const reached = new Map(ids.map((id) => [id, new Set([id])]));
  for (const _ of ids) {
    for (const [client, server] of edges) for (const id of reached.get(server) ?? []) reached.get(client)?.add(id);
  }
  return (from, to) => reached.get(from)?.has(to) === true;
}
