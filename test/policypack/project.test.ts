import assert from "node:assert/strict";
import { renderedPolicies } from "../rendered.ts";
import { judgeStack, register, resourceOf } from "./registration.ts";

describe("This project's policies and the pack", () => {
  const resources = renderedPolicies().map(resourceOf);

  it("agree, but for the exemptions that the README explains", () => {
    assert.deepEqual(
      register(resources).map(({ rule, message }) => [rule, message.split(" is every address", 1)]),
      ["argo/workflow-pods", "trivy-system/scan-jobs"].map((policy) => [
        "exemptions",
        [`${policy} is exempt from no-wide-open: toCIDR 0.0.0.0/0 on 443/TCP`],
      ]),
    );
  });

  it("agree as a whole stack", () => {
    assert.deepEqual(judgeStack(resources), []);
  });
});
