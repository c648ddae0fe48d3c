/**
 * Jobs that try, from inside, what the policies promise: names resolve, the API server answers, and a destination that
 * nothing allows does not. The only file that uses kubernetesx, which loads the whole Kubernetes SDK: import it lazily.
 *
 * kubernetesx guesses names and labels from the image unless they are given, and makes the whole pod spec unknown when
 * one value in it is, so everything here is given and known.
 */
import { createHash } from "node:crypto";
import type { Provider } from "@pulumi/kubernetes/provider.js";
import { Job, PodBuilder } from "@pulumi/kubernetesx";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import { enforcementOf, workloads } from "../cilium/model/cluster.ts";
import { probeLabels, probeName } from "./probe-workload.ts";
import type { Program } from "./program.ts";

export interface ProbeSpec {
  readonly namespace: string;
  /** Image with a shell, `nslookup` and `nc`. */
  readonly image: string;
  /** `host:port` that the probe must not reach; undefined where policies are only observed. */
  readonly forbidden: string | undefined;
  /** Changes whenever the policies do; the Job then runs again. */
  readonly policies: string;
}

/** A probe for each of the program's probe workloads, once all policies are in place. */
export function runProbes({ config, cluster, policies }: Program, provider: Provider, after: Resource[]): void {
  const fingerprint = createHash("sha256").update(JSON.stringify(policies)).digest("hex").slice(0, 16);
  for (const workload of workloads(cluster)) {
    if (workload.name !== probeName) continue;
    const enforced = enforcementOf(cluster, workload) === "enforce";
    const spec = {
      namespace: workload.namespace,
      image: config.probeImage,
      forbidden: enforced ? config.probeForbidden : undefined,
      policies: fingerprint,
    };
    new ConnectivityProbe(spec, after, { provider });
  }
}

/** One line for each promise that is broken, and a failed Job. */
const script = `
failed=0
broken() { echo "$1" >&2; failed=1; }
nslookup kubernetes.default.svc.cluster.local >/dev/null || broken "DNS does not resolve kubernetes.default.svc.cluster.local"
nc -z -w 5 kubernetes.default.svc.cluster.local 443 || broken "the API server does not answer"
if [ -n "$FORBIDDEN" ] && nc -z -w 5 "\${FORBIDDEN%:*}" "\${FORBIDDEN##*:}"; then
  broken "$FORBIDDEN answers, though no policy allows it"
fi
exit $failed
`;

/** One probe Job in one namespace; `up` fails when the probe does. */
export class ConnectivityProbe extends ComponentResource {
  constructor(
    { namespace, image, forbidden, policies }: ProbeSpec,
    dependsOn: Resource[],
    opts: ComponentResourceOptions,
  ) {
    super("network-policies:index:ConnectivityProbe", `${namespace}/${probeName}`, {}, opts);
    const pod = new PodBuilder({
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65534, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "probe",
          image,
          command: ["/bin/sh", "-c", script],
          env: [{ name: "FORBIDDEN", value: forbidden ?? "" }],
          resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { cpu: "100m", memory: "32Mi" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    });
    new Job(
      `${namespace}/${probeName}`,
      {
        // Its pods go after it; the next probe need not wait for them.
        metadata: { name: probeName, namespace, annotations: { "pulumi.com/deletionPropagationPolicy": "background" } },
        spec: {
          backoffLimit: 2,
          activeDeadlineSeconds: 120,
          ttlSecondsAfterFinished: 600,
          template: {
            metadata: { labels: probeLabels, annotations: { "network-policies/policies": policies } },
            spec: pod.podSpec,
          },
        },
      },
      {
        parent: this,
        dependsOn,
        // A Job's pods cannot be changed, and the new Job has the old one's name.
        replaceOnChanges: ["spec"],
        deleteBeforeReplace: true,
        customTimeouts: { create: "3m" },
      },
    );
    this.registerOutputs({});
  }
}
