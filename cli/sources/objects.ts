/** The Kubernetes objects that an inventory is read from, as far as it needs them (`kubectl get pods,ns,nodes -A`). */
import { z } from "zod";

const labels = z.record(z.string(), z.string()).nullish();

const containerPort = z.looseObject({
  name: z.string().nullish(),
  containerPort: z.int().min(1).max(65535),
  protocol: z.enum(["TCP", "UDP", "SCTP"]).nullish(),
});

/** Who made a pod: the ReplicaSet of a Deployment, a StatefulSet, a Job… */
const ownerReference = z.looseObject({ kind: z.string(), name: z.string(), controller: z.boolean().nullish() });

const pod = z.looseObject({
  metadata: z.looseObject({
    name: z.string().min(1),
    namespace: z.string().nullish(),
    labels,
    ownerReferences: z.array(ownerReference).nullish(),
  }),
  spec: z
    .looseObject({
      hostNetwork: z.boolean().nullish(),
      nodeName: z.string().nullish(),
      serviceAccountName: z.string().nullish(),
      containers: z.array(z.looseObject({ ports: z.array(containerPort).nullish() })).nullish(),
    })
    .nullish(),
  status: z
    .looseObject({
      phase: z.string().nullish(),
      podIP: z.string().nullish(),
      podIPs: z.array(z.looseObject({ ip: z.string() })).nullish(),
    })
    .nullish(),
});

const namespace = z.looseObject({ metadata: z.looseObject({ name: z.string().min(1), labels }) });

const node = z.looseObject({
  metadata: z.looseObject({ name: z.string().min(1), labels }),
  status: z
    .looseObject({ addresses: z.array(z.looseObject({ type: z.string(), address: z.string() })).nullish() })
    .nullish(),
});

const cidrGroup = z
  .looseObject({
    metadata: z.looseObject({ name: z.string().min(1), labels }),
    spec: z.looseObject({ externalCIDRs: z.array(z.string()).nullish() }),
  })
  .transform(({ metadata, spec }) => ({
    name: metadata.name,
    labels: metadata.labels ?? {},
    cidrs: spec.externalCIDRs ?? [],
  }));

export const objects = { pod, namespace, node, cidrGroup };

export type PodObject = z.infer<typeof pod>;
export type NamespaceObject = z.infer<typeof namespace>;
export type NodeObject = z.infer<typeof node>;

const ciliumConfig = z.looseObject({
  metadata: z.looseObject({ name: z.literal("cilium-config") }),
  data: z.looseObject({ "cluster-name": z.string().min(1) }),
});

/** The cluster's name, if a ConfigMap is the one that configures Cilium's agents. */
export const clusterConfig = (configMap: unknown): string | undefined =>
  ciliumConfig.safeParse(configMap).data?.data["cluster-name"];
