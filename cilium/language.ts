/** The words that a cluster's files are written in. */
export { from } from "./model/flow.ts";
export { absent, noneOf, oneOf, present } from "./model/labels.ts";
export { namespace } from "./model/namespace.ts";
export { cidr } from "./model/peers/cidr.ts";
export {
  allNodes,
  cluster,
  controlPlaneNodes,
  gateway,
  host,
  kubeApiserver,
  nodes,
  remoteNode,
  world,
} from "./model/peers/entities.ts";
export { external } from "./model/peers/external.ts";
export { fqdn } from "./model/peers/fqdns.ts";
export { anyPod, podsOf } from "./model/peers/pod-set.ts";
export { dns, grpc, http, https, sctp, tcp, tlsPassthrough, udp } from "./model/ports.ts";
export type { ClusterDeclaration } from "./model/read.ts";
