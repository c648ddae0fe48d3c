/** Pictures for tests: the program's own, and small ones that show one thing each. */
import type { Change, Peer, Picture, PictureComparison, PictureFlow } from "../../map/picture.ts";
import { programPicture } from "../../map/program.ts";
import { program } from "../rendered.ts";

export const programMap = (): Picture => programPicture("stack prod", program.cluster, program.policies);

/** A workload from `namespace/name`. */
export const workload = (id: string, change: Change = "same"): Peer => {
  const [namespace = "", label = ""] = id.split("/");
  return {
    kind: "workload",
    id,
    namespace,
    label,
    names: [],
    note: undefined,
    pods: 1,
    open: [],
    policies: [],
    change,
  };
};

export const outside = (id: string): Peer => ({
  kind: "outside",
  id,
  label: id,
  names: [],
  note: undefined,
  change: "same",
});

export const apiServer: Peer = { ...outside("kube-apiserver"), kind: "api-server" };

/** `from → to:8080` */
export function flow(text: string, change: Change = "same", purpose?: string): PictureFlow {
  const [, from = "", to = "", port = ""] = /^(\S+) → (\S+):(\S+)$/.exec(text) ?? [];
  return { from, to, ports: [`${port}/TCP`], conditions: [], purpose, change };
}

export const picture = (
  peers: readonly Peer[],
  flows: readonly PictureFlow[],
  comparison?: PictureComparison,
): Picture => ({
  title: "a test",
  comparison,
  peers,
  flows,
  policies: [],
});

/**
 * A large cluster: namespaces of twenty workloads with some pods each. Each workload calls the next one in its namespace,
 * the DNS server and, every fifth, one of the next namespace; the last of each calls a name outside.
 */
export function largePicture(namespaces: number): Picture {
  const size = 20;
  const name = (namespace: number, i: number) => `space-${namespace % namespaces}/app-${namespace % namespaces}-${i}`;
  const all = Array.from({ length: namespaces * size }, (_, n) => [Math.floor(n / size), n % size] as const);
  const workloads = all.map(([namespace, i]): Peer => {
    const peer = workload(name(namespace, i));
    return peer.kind === "workload"
      ? { ...peer, pods: 1 + (i % 3), open: namespace === 1 && i < 5 ? ["egress"] : [] }
      : peer;
  });
  const names = Array.from({ length: namespaces }, (_, i) => outside(`api-${i}.example`));
  const flows = all.flatMap(([namespace, i]) => [
    ...(i + 1 < size ? [flow(`${name(namespace, i)} → ${name(namespace, i + 1)}:8080`)] : []),
    { ...flow(`${name(namespace, i)} → space-0/app-0-0:53`), ports: ["53/UDP", "53/TCP"] },
    ...(i % 5 === 0 ? [flow(`${name(namespace, i)} → ${name(namespace + 1, i + 1)}:5432`)] : []),
    ...(i === size - 1 ? [flow(`${name(namespace, i)} → api-${namespace}.example:443`)] : []),
  ]);
  return picture([...workloads, ...names, apiServer], flows);
}
