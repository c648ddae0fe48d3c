/** The words that a namespace's file is written in. */
export { from } from "./model/flow.ts";
export { absent, oneOf, present } from "./model/labels.ts";
export { namespace } from "./model/namespace.ts";
export {
  allNodes,
  cidr,
  cluster,
  controlPlaneNodes,
  external,
  fqdn,
  gateway,
  host,
  kubeApiserver,
  nodes,
  remoteNode,
  world,
} from "./model/peers.ts";
export { dns, grpc, http, https, sctp, tcp, tlsPassthrough, udp } from "./model/ports.ts";
