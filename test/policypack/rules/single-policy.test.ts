import { clusterwideWith, describeRule, manifestWith, only, policyWith, refused, tcp } from "../cases.ts";

const denyWorld = [{ fromEntities: ["world" as const] }];

describeRule("ingress-deny-world-only", {
  bad: {
    "the entity cluster": refused(
      /ingressDeny\[0\]\.fromEntities\[1\]: denies the entity cluster/,
      policyWith({ ingressDeny: [{ fromEntities: ["world", "cluster"] }] }),
    ),
    "the entity host": refused(/entity host/, policyWith({ ingressDeny: [{ fromEntities: ["host"] }] })),
    "the entity remote-node": refused(
      /entity remote-node/,
      policyWith({ ingressDeny: [{ fromEntities: ["remote-node"] }] }),
    ),
    "the entity all": refused(/entity all/, policyWith({ ingressDeny: [{ fromEntities: ["all"] }] })),
    pods: refused(/fromEndpoints/, policyWith({ ingressDeny: [{ fromEndpoints: [{ matchLabels: { app: "x" } }] }] })),
    "a range": refused(/fromCIDR/, policyWith({ ingressDeny: [...denyWorld, { fromCIDR: ["192.0.2.0/24"] }] })),
    "everybody on a port": refused(/names no peer/, policyWith({ ingressDeny: [{ toPorts: tcp("8080") }] })),
    "another peer in a clusterwide policy": refused(
      /entity cluster/,
      clusterwideWith({ ingressDeny: [{ fromEntities: ["cluster"] }] }),
    ),
  },
  good: {
    world: only(policyWith({ ingressDeny: denyWorld })),
    "world on one port": only(policyWith({ ingressDeny: [{ fromEntities: ["world"], toPorts: tcp("8080") }] })),
    "no deny rule": only(policyWith({})),
    "deny rules of egress, which break no probe": only(policyWith({ egressDeny: [{ toEntities: ["cluster"] }] })),
  },
});

const probed = {
  "no-ingress-deny-on-probed-pods": { workloads: [{ namespace: "shop", labels: { app: "web", tier: "front" } }] },
};

describeRule("no-ingress-deny-on-probed-pods", {
  bad: {
    "a deny rule on a workload that the config names": {
      ...refused(
        /ingressDeny: denies ingress of shop\/\{app: web, tier: front\}/,
        policyWith({ ingressDeny: denyWorld }),
      ),
      config: probed,
    },
    "a deny rule on all pods of its namespace": {
      ...refused(/shop/, policyWith({ endpointSelector: {}, ingressDeny: denyWorld })),
      config: probed,
    },
    "a clusterwide deny rule on it": {
      ...refused(/shop/, clusterwideWith({ ingressDeny: denyWorld })),
      config: probed,
    },
  },
  good: {
    "a deny rule where no config says what is probed": only(policyWith({ ingressDeny: denyWorld })),
    "allow rules on a probed workload": { ...only(policyWith({})), config: probed },
    "a deny rule on another workload of its namespace": {
      ...only(policyWith({ endpointSelector: { matchLabels: { app: "job" } }, ingressDeny: denyWorld })),
      config: probed,
    },
    "the same labels in another namespace": {
      ...only(policyWith({ ingressDeny: denyWorld }, { namespace: "other" })),
      config: probed,
    },
  },
});

describeRule("clusterwide-selector-excludes-cilium-endpoints", {
  bad: {
    "{}": {
      ...refused(
        /reserved:ingress and reserved:health.*io\.cilium\.k8s\.policy\.cluster: east/s,
        clusterwideWith({ endpointSelector: {} }),
      ),
      config: { "clusterwide-selector-excludes-cilium-endpoints": { cluster: "east" } },
    },
    "a selector of everything but some pods": refused(
      /reserved:ingress/,
      clusterwideWith({ endpointSelector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["x"] }] } }),
    ),
    "the Gateway's endpoint by its label": refused(
      /reserved:ingress/,
      clusterwideWith({ endpointSelector: { matchLabels: { "reserved:ingress": "" } } }),
    ),
    "all pods outside some namespaces": refused(
      /reserved:health/,
      clusterwideWith({
        endpointSelector: {
          matchExpressions: [{ key: "k8s:io.kubernetes.pod.namespace", operator: "NotIn", values: ["kube-system"] }],
        },
      }),
    ),
  },
  good: {
    "all pods of the cluster": only(clusterwideWith({})),
    "all pods of a namespace": only(
      clusterwideWith({ endpointSelector: { matchLabels: { "io.kubernetes.pod.namespace": "shop" } } }),
    ),
    "pods with any namespace": only(
      clusterwideWith({
        endpointSelector: { matchExpressions: [{ key: "io.kubernetes.pod.namespace", operator: "Exists" }] },
      }),
    ),
    nodes: only(clusterwideWith({ endpointSelector: undefined, nodeSelector: {} })),
    "{} in a namespaced policy": only(policyWith({ endpointSelector: {} })),
  },
});

const onNodes = {
  "hostnetwork-pods-excluded": {
    workloads: [
      { namespace: "shop", labels: { app: "web" } },
      {
        namespace: "kube-system",
        labels: { "app.kubernetes.io/name": "tetragon", "app.kubernetes.io/component": "agent" },
      },
      { namespace: "kube-system", labels: { "k8s-app": "kube-proxy" } },
    ],
  },
};

describeRule("hostnetwork-pods-excluded", {
  bad: {
    "a workload that the config names": {
      ...refused(/is meant for shop\/\{app: web\}/, policyWith({})),
      config: onNodes,
    },
    "a workload by one of its labels": {
      ...refused(
        /endpointSelector: is meant for kube-system\/\{app.kubernetes.io\/name: tetragon/,
        policyWith(
          { endpointSelector: { matchLabels: { "app.kubernetes.io/name": "tetragon" } } },
          { namespace: "kube-system" },
        ),
      ),
      config: onNodes,
    },
    "several workloads of which one is": {
      ...refused(
        /kube-proxy/,
        policyWith(
          {
            endpointSelector: {
              matchExpressions: [{ key: "k8s-app", operator: "In", values: ["kube-dns", "kube-proxy"] }],
            },
          },
          { namespace: "kube-system" },
        ),
      ),
      config: onNodes,
    },
  },
  good: {
    "a workload where no config says what is on the nodes' network": only(policyWith({})),
    "another component of the same application": {
      ...only(
        policyWith(
          { endpointSelector: { matchLabels: { "app.kubernetes.io/name": "tetragon-operator" } } },
          { namespace: "kube-system" },
        ),
      ),
      config: onNodes,
    },
    "all pods of a namespace": {
      ...only(policyWith({ endpointSelector: {} }, { namespace: "kube-system" })),
      config: onNodes,
    },
    "all pods of the cluster": { ...only(clusterwideWith({})), config: onNodes },
    "the same labels in another namespace": {
      ...only(policyWith({ endpointSelector: { matchLabels: { "app.kubernetes.io/name": "tetragon" } } })),
      config: onNodes,
    },
  },
});

const ranges = { "nodes-by-entity": { nodeRanges: ["192.168.0.0/28", "fd00:1::/64"], podRanges: ["10.244.0.0/16"] } };

describeRule("nodes-by-entity", {
  bad: {
    "a node's address": {
      ...refused(
        /egress\[0\]\.toCIDR\[0\]: 192\.168\.0\.5\/32 lies in 192\.168\.0\.0\/28, where the nodes are/,
        policyWith({ egress: [{ toCIDR: ["192.168.0.5/32"], toPorts: tcp("50000") }] }),
      ),
      config: ranges,
    },
    "a node's IPv6 address": {
      ...refused(/fd00:1::5\/128/, policyWith({ egress: [{ toCIDR: ["fd00:1::5/128"], toPorts: tcp("50000") }] })),
      config: ranges,
    },
    "a part of the pods' range": {
      ...refused(
        /fromCIDRSet\[0\]\.cidr.*pods/,
        policyWith({ ingress: [{ fromCIDRSet: [{ cidr: "10.244.3.0/24" }], toPorts: tcp("80") }] }),
      ),
      config: ranges,
    },
    "the nodes' whole range in a deny rule": {
      ...refused(/egressDeny\[0\]/, policyWith({ egressDeny: [{ toCIDRSet: [{ cidr: "192.168.0.0/28" }] }] })),
      config: ranges,
    },
  },
  good: {
    "an address beside the nodes": {
      ...only(policyWith({ egress: [{ toCIDR: ["192.168.0.241/32"], toPorts: tcp("2049") }] })),
      config: ranges,
    },
    "a wider range, which also holds others": {
      ...only(policyWith({ egress: [{ toCIDR: ["192.168.0.0/16"], toPorts: tcp("443") }] })),
      config: ranges,
    },
    entities: { ...only(policyWith({})), config: ranges },
    "any address where no range is configured": only(
      policyWith({ egress: [{ toCIDR: ["192.168.0.5/32"], toPorts: tcp("50000") }] }),
    ),
  },
});

describeRule("default-deny-both-ways", {
  bad: {
    "no egress": refused(/has no egress rule/, policyWith({ egress: undefined })),
    "no ingress": refused(/has no ingress rule/, policyWith({ ingress: undefined })),
    "an empty list of rules": refused(/has no ingress rule/, policyWith({ ingress: [] })),
    "default deny switched off": refused(
      /enableDefaultDeny\.egress: is false/,
      policyWith({ enableDefaultDeny: { egress: false } }),
    ),
    "one direction in one of its specs": refused(
      /specs\[0\]: has no egress/,
      manifestWith("specs", [{ endpointSelector: {}, ingress: [{}] }]),
    ),
  },
  good: {
    "rules both ways": only(policyWith({})),
    "[{}] both ways": only(policyWith({ ingress: [{}], egress: [{}] })),
    "a deny rule as the only ingress rule": only(policyWith({ ingress: undefined, ingressDeny: denyWorld })),
    "default deny switched on": only(policyWith({ enableDefaultDeny: { ingress: true, egress: true } })),
    "a clusterwide policy for one direction": only(clusterwideWith({})),
  },
});

describeRule("described", {
  bad: {
    "no description": refused(/description: is missing/, policyWith({ description: undefined })),
    "an empty description": refused(/description: is missing/, policyWith({ description: "" })),
    "no owner": refused(/name no owner/, policyWith({}, { labels: {} })),
    "an owner label without a value": refused(/name no owner/, policyWith({}, { labels: { owner: "" } })),
  },
  good: {
    "a description and app.kubernetes.io/part-of": only(policyWith({})),
    "a team instead": only(policyWith({}, { labels: { team: "shop" } })),
    "an owner instead, clusterwide": only(clusterwideWith({}, { labels: { owner: "platform" } })),
    "the label that the config names": {
      ...only(policyWith({}, { labels: { squad: "a" } })),
      config: { described: { ownerLabels: ["squad"] } },
    },
  },
});
