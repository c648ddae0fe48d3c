/** The Kubernetes objects that say what policies are judged against, as far as they say it. */
import { z } from "zod";

const labels = z.record(z.string(), z.string()).nullish();
const name = z.string().min(1);

/** Who made an object: the ReplicaSet of a pod, the Deployment of a ReplicaSet… */
const ownerReferences = z
  .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().nullish() }))
  .nullish();

const metadata = z.object({ name, namespace: z.string().nullish(), labels, ownerReferences });

const protocol = z.enum(["TCP", "UDP", "SCTP"]);

const container = z.object({
  ports: z
    .array(
      z.object({
        name: z.string().nullish(),
        containerPort: z.int().min(1).max(65535),
        protocol: protocol.nullish(),
      }),
    )
    .nullish(),
});

const podSpec = z.object({
  hostNetwork: z.boolean().nullish(),
  nodeName: z.string().nullish(),
  serviceAccountName: z.string().nullish(),
  /** The older name of `serviceAccountName`. */
  serviceAccount: z.string().nullish(),
  // Init containers are left out: Cilium takes no port names from them (`GetPodMetadata` in `pkg/k8s/labels.go`).
  containers: z.array(container).nullish(),
});

const pod = z.object({
  metadata,
  /** Of a pod that runs in another cluster of a mesh, that cluster's name: what a counterexample adds to the form of Pods. */
  cluster: z.string().nullish(),
  spec: podSpec.nullish(),
  status: z
    .object({
      phase: z.string().nullish(),
      podIP: z.string().nullish(),
      podIPs: z.array(z.object({ ip: z.string() })).nullish(),
    })
    .nullish(),
});

const template = z.object({ metadata: z.object({ labels }).nullish(), spec: podSpec.nullish() });

/** A Deployment, StatefulSet, DaemonSet or ReplicaSet. */
const workload = z.object({ metadata, spec: z.object({ template }) });

const job = z.object({
  metadata,
  spec: z.object({ template }),
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish() }).nullish(),
});

const cronJob = z.object({
  metadata,
  spec: z.object({
    schedule: z.string().nullish(),
    timeZone: z.string().nullish(),
    suspend: z.boolean().nullish(),
    jobTemplate: z.object({ spec: z.object({ template }) }),
  }),
});

const namespace = z.object({ metadata: z.object({ name, labels }) });

const node = z.object({
  metadata: z.object({ name, labels }),
  status: z.object({ addresses: z.array(z.object({ type: z.string(), address: z.string() })).nullish() }).nullish(),
});

const cidrGroup = z.object({
  metadata: z.object({ name, labels }),
  spec: z.object({ externalCIDRs: z.array(z.string()).nullish() }),
});

const service = z.object({
  metadata,
  spec: z.object({
    type: z.string().nullish(),
    clusterIP: z.string().nullish(),
    clusterIPs: z.array(z.string()).nullish(),
    externalIPs: z.array(z.string()).nullish(),
    selector: labels,
    ports: z
      .array(
        z.object({
          name: z.string().nullish(),
          port: z.int().min(1).max(65535),
          targetPort: z.union([z.int(), z.string()]).nullish(),
          protocol: protocol.nullish(),
          nodePort: z.int().nullish(),
        }),
      )
      .nullish(),
  }),
  status: z
    .object({
      loadBalancer: z.object({ ingress: z.array(z.object({ ip: z.string().nullish() })).nullish() }).nullish(),
    })
    .nullish(),
});

const endpointPorts = z
  .array(z.object({ name: z.string().nullish(), port: z.int().nullish(), protocol: protocol.nullish() }))
  .nullish();

const endpointSlice = z.object({
  metadata,
  addressType: z.string(),
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string()),
        conditions: z.object({ ready: z.boolean().nullish(), serving: z.boolean().nullish() }).nullish(),
      }),
    )
    .nullish(),
  ports: endpointPorts,
});

/** What EndpointSlices replaced; some still write them by hand. */
const endpoints = z.object({
  metadata,
  subsets: z
    .array(z.object({ addresses: z.array(z.object({ ip: z.string() })).nullish(), ports: endpointPorts }))
    .nullish(),
});

/** The ConfigMap of Cilium's agents. */
const ciliumConfig = z.object({
  metadata: z.object({ name: z.literal("cilium-config"), namespace: z.string().nullish() }),
  data: z.record(z.string(), z.string()).nullish(),
});

export const schemas = {
  pod,
  workload,
  job,
  cronJob,
  namespace,
  node,
  cidrGroup,
  service,
  endpointSlice,
  endpoints,
  ciliumConfig,
};

export type PodObject = z.infer<typeof pod>;
export type WorkloadObject = z.infer<typeof workload>;
export type JobObject = z.infer<typeof job>;
export type CronJobObject = z.infer<typeof cronJob>;
export type NamespaceObject = z.infer<typeof namespace>;
export type NodeObject = z.infer<typeof node>;
export type CidrGroupObject = z.infer<typeof cidrGroup>;
export type ServiceObject = z.infer<typeof service>;
export type EndpointSliceObject = z.infer<typeof endpointSlice>;
export type EndpointsObject = z.infer<typeof endpoints>;
export type CiliumConfigObject = z.infer<typeof ciliumConfig>;
