import assert from "node:assert/strict";
import { ruleComments } from "../../../cilium/kubernetes/comments.ts";

describe("Comments on rules", () => {
  it("stand above an item of its list or behind its first line, whatever stands in it", () => {
    const comments = ruleComments(`# Not about a rule.
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
spec:
  # Whom it selects.
  endpointSelector: {}
  ingress:
    # The gateway,
    # from outside.
    - fromEntities: [ingress]
      toPorts:
        # Not an item of the list.
        - ports: [{ port: "8080" }]
    - fromEndpoints: # Metrics
        - {}

    # Long gone.

    - fromEntities: [host]
    # - fromEntities: [world]
    - fromEntities: [cluster] # probes
  egress:
  # As kubectl indents.
  - toEntities: [world]
  - toEntities: [host]
`);
    assert.deepEqual(
      [...comments],
      [
        ["ingress[0]", "The gateway, from outside."],
        ["ingress[1]", "Metrics"],
        ["ingress[3]", "probes"],
        ["egress[0]", "As kubectl indents."],
      ],
    );
  });
});
