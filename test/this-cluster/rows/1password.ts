import { kubeApiserver, type Row } from "../row.ts";

export const onePassword: readonly Row[] = [
  {
    namespace: "1password",
    name: "connect-operator",
    selects: ["name=onepassword-connect"],
    ingress: "none",
    egress: [kubeApiserver, { to: ["fqdn *.1password.com"], on: ["443/TCP"] }],
  },
];
