/** Pictures for tests: the program's own, and small ones that show one thing each. */
import type { Change, Comparison, Peer, Picture, PictureFlow } from "../../map/picture.ts";
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

export const picture = (peers: readonly Peer[], flows: readonly PictureFlow[], comparison?: Comparison): Picture => ({
  title: "a test",
  comparison,
  peers,
  flows,
  policies: [],
});
