/** The pods of an input: those that there are, and for workloads without any those that they would make. */
import type { PodObject } from "./objects.ts";
import type { Objects, Placed } from "./read.ts";

/** What makes pods: a Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or CronJob. */
export type Controller = {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
};

export type KnownPod = {
  readonly place: string;
  readonly pod: PodObject;
  /** What made it, the outermost of several; undefined for a pod of its own. */
  readonly workload: Controller | undefined;
  /** Whether it stands in for the pods that its workload would make. */
  readonly standsIn: boolean;
};

/** All pods, those that have ended among them. */
export function podsOf(objects: Objects): KnownPod[] {
  const owners = ownersOf(objects);
  const real = objects.pods.map(({ place, object }) => ({
    place,
    pod: object,
    workload: workloadOf(object, owners),
    standsIn: false,
  }));
  const made = new Set(real.flatMap(({ workload }) => (workload === undefined ? [] : [workloadKey(workload)])));
  const standIns = templates(objects).filter(({ workload }) => workload && !made.has(workloadKey(workload)));
  const taken = new Set(real.map(({ pod }) => podId(pod)));
  return [
    ...real,
    ...standIns.map((standIn) => {
      const named = taken.has(podId(standIn.pod)) ? withKind(standIn) : standIn;
      taken.add(podId(named.pod));
      return named;
    }),
  ];
}

/** Whether a cluster listed its pods, which are then all that it has: they run on nodes. */
export const isListing = ({ pods, known }: Objects): boolean =>
  known.has("Pod") && pods.some(({ object: { spec, status } }) => spec?.nodeName || status?.podIP);

/** `redis-cronjob` beside a Deployment `redis`. */
function withKind(standIn: KnownPod): KnownPod {
  const { metadata } = standIn.pod;
  const name = `${metadata.name}-${standIn.workload?.kind.toLowerCase()}`;
  return { ...standIn, pod: { ...standIn.pod, metadata: { ...metadata, name } } };
}

export const podNamespace = ({ metadata }: PodObject): string => metadata.namespace ?? "";

export const podId = (pod: PodObject): string => `${podNamespace(pod)}/${pod.metadata.name}`;

/** A pod that is over: it has given its address back, and opens no connection. */
export const hasEnded = ({ status }: PodObject): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";

const workloadKey = ({ kind, namespace, name }: Controller): string => `${kind} ${namespace}/${name}`;

type Owned = { readonly metadata: PodObject["metadata"] };

export const controllerOf = ({ metadata }: Owned) => metadata.ownerReferences?.find(({ controller }) => controller);

/** What made the ReplicaSets and Jobs of an input. */
function ownersOf({ workloads, jobs }: Objects): ReadonlyMap<string, Controller> {
  return new Map(
    [...workloads, ...jobs].flatMap(({ kind, object }) => {
      const owner = controllerOf(object);
      const namespace = object.metadata.namespace ?? "";
      return owner === undefined
        ? []
        : [
            [
              workloadKey({ kind, namespace, name: object.metadata.name }),
              { kind: owner.kind, namespace, name: owner.name },
            ] as const,
          ];
    }),
  );
}

function workloadOf(pod: PodObject, owners: ReadonlyMap<string, Controller>): Controller | undefined {
  const controller = controllerOf(pod);
  if (controller === undefined) return undefined;
  const direct = { kind: controller.kind, namespace: podNamespace(pod), name: controller.name };
  // Without the ReplicaSet, its name says what made it.
  const hash = pod.metadata.labels?.["pod-template-hash"];
  const named =
    controller.kind === "ReplicaSet" && hash && controller.name.endsWith(`-${hash}`)
      ? { ...direct, kind: "Deployment", name: controller.name.slice(0, -`-${hash}`.length) }
      : direct;
  return owners.get(workloadKey(direct)) ?? named;
}

/** A pod for each workload that makes pods on its own account. */
function templates({ workloads, jobs, cronJobs }: Objects): KnownPod[] {
  const own = <T extends Owned>({ object }: Placed<T>): boolean => controllerOf(object) === undefined;
  return [
    ...workloads.filter(own).map((placed) => standIn(placed, placed.object.spec.template)),
    ...jobs
      .filter(own)
      .filter(({ object }) => !isFinished(object.status?.conditions ?? []))
      .map((placed) => standIn(placed, placed.object.spec.template, jobLabels(placed.object.metadata.name))),
    ...cronJobs.map((placed) => standIn(placed, placed.object.spec.jobTemplate.spec.template)),
  ];
}

/** What the Job controller adds to the labels of its pods, as far as it is known before. */
const jobLabels = (name: string) => ({ "batch.kubernetes.io/job-name": name, "job-name": name });

export const isFinished = (conditions: readonly { readonly type: string; readonly status: string }[]): boolean =>
  conditions.some(({ type, status }) => (type === "Complete" || type === "Failed") && status === "True");

type Template = Objects["workloads"][number]["object"]["spec"]["template"];

function standIn(
  { place, kind, object }: Placed<Owned>,
  { metadata, spec }: Template,
  added: Readonly<Record<string, string>> = {},
): KnownPod {
  const { name, namespace } = object.metadata;
  return {
    place,
    pod: { metadata: { name, namespace, labels: { ...metadata?.labels, ...added } }, spec },
    workload: { kind, namespace: namespace ?? "", name },
    standsIn: true,
  };
}
