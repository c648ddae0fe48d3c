/** What the pages quote of this cluster, whose project they belong to. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inventoryOf } from "../../cilium/model/inventory.ts";
import { dnsAnswer, flow, line, outside, pod } from "../cilium/hubble/recorded.ts";
import { netpol } from "../cli/command.ts";
import { assertQuoted, quotations } from "../markdown.ts";
import { copyWithOwnCluster } from "../project.ts";
import { program } from "./rendered.ts";

describe("The pages quote what netpol says of this cluster", function () {
  this.timeout(60_000);

  let project: string;

  before(() => {
    project = copyWithOwnCluster();
    writeFileSync(join(project, "flows.json"), record());
    writeFileSync(join(project, "pods.yaml"), netpol(project, "inventory").stdout + debugShell);
  });

  for (const page of ["README.md", "docs/operations.md"]) {
    // What is asked of a cluster, other tests ask a real one.
    for (const quotation of quotations(page).filter(({ words }) => !words.includes("--context"))) {
      it(`netpol ${quotation.words.join(" ")}`, () =>
        assertQuoted(netpol(project, ...quotation.words).stdout, quotation));
    }
  }
});

/** Traffic of an evening: what is declared, and two connections that are not. */
function record(): string {
  const { endpoints } = inventoryOf(program.cluster);
  const podOf = (workload: string) => {
    const index = endpoints.findIndex(({ namespace, name }) => `${namespace}/${name}` === workload);
    const endpoint = endpoints[index];
    if (endpoint === undefined) throw new Error(`there is no ${workload}`);
    return pod(endpoint, index + 1);
  };
  const [grafana, notifications] = [podOf("monitoring/grafana"), podOf("argocd/notifications-controller")];
  const slack = "203.0.113.9";
  const every = (minutes: number, times: number, first: number) =>
    Array.from({ length: times }, (_, index) => ({
      time: new Date(Date.UTC(2026, 10, 24, 20, first + index * minutes)).toISOString(),
    }));
  return [
    ...every(3, 40, 0).map((at) => flow(grafana, podOf("database/shared-pg"), 5432, at)),
    ...every(13, 11, 20).map((at) => flow(grafana, podOf("monitoring/loki"), 3100, at)),
    dnsAnswer(notifications, podOf("kube-system/coredns"), "hooks.slack.com", slack),
    ...every(40, 4, 10).map((at) =>
      flow(notifications, outside(slack), 443, { ...at, more: { destination_names: ["hooks.slack.com"] } }),
    ),
  ]
    .map((event) => `${line(event)}\n`)
    .join("");
}

/** A pod that nobody has declared. */
const debugShell = `---
apiVersion: v1
kind: Pod
metadata: { name: debug-shell, namespace: argocd, labels: { run: debug-shell } }
spec: { containers: [{ name: shell }] }
`;
