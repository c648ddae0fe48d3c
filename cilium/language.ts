/** The words that a cluster's files are written in. */
export { clusterwide } from "./model/clusterwide.ts";
export { deny, from } from "./model/flow.ts";
export { absent, noneOf, oneOf, otherThan, present } from "./model/labels.ts";
export { namespace } from "./model/namespace.ts";
export { cidr } from "./model/peers/cidr.ts";
export { cidrGroup } from "./model/peers/cidr-group.ts";
export {
  all,
  allNodes,
  cluster,
  clusterMesh,
  controlPlaneNodes,
  gateway,
  health,
  host,
  init,
  kubeApiserver,
  nodes,
  remoteNode,
  unmanaged,
  world,
} from "./model/peers/entities.ts";
export { external } from "./model/peers/external.ts";
export { fqdn } from "./model/peers/fqdns.ts";
export { anyPod, podsOf } from "./model/peers/pod-set.ts";
export { service } from "./model/peers/service.ts";
export {
  anyTransport,
  dns,
  everyPort,
  grpc,
  http,
  https,
  icmp,
  icmpv6,
  ipProtocol,
  sctp,
  tcp,
  tlsPassthrough,
  udp,
} from "./model/ports.ts";
export type { ClusterDeclaration } from "./model/read.ts";
