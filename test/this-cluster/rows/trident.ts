import { kubeApiserver, type Row } from "../row.ts";

export const trident: readonly Row[] = [
  {
    namespace: "trident",
    name: "controller",
    selects: ["app=controller.csi.trident.qnap.io"],
    ingress: [{ from: ["entity host", "entity remote-node"], on: ["8443/TCP"] }],
    egress: [kubeApiserver, { to: ["cidr 192.168.0.240/32"], on: ["8080/TCP"] }],
  },
  {
    namespace: "trident",
    name: "operator",
    selects: ["app=operator.trident.qnap.io"],
    ingress: "none",
    egress: [kubeApiserver],
  },
];
