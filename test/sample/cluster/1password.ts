import { fqdn, from, kubeApiserver, namespace } from "../cilium/language.ts";

const onePassword = namespace("1password");

export const connectOperator = onePassword.workload("connect-operator", {
  labels: { name: "onepassword-connect" },
  otherLabels: { "app.kubernetes.io/component": "operator" },
});

export default onePassword.flows(() => [from(connectOperator).to(kubeApiserver, fqdn("*.1password.com").on(443))]);
