import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { version as sdk } from "@pulumi/pulumi/version.js";
import { requiredVersion } from "./go.ts";

const gomod = (module: string) => readFileSync(join(import.meta.dirname, "..", module, "go.mod"), "utf8");

describe("The versions of the Go modules", () => {
  it("give the Pulumi CLI that the SDK is of", () => {
    assert.equal(requiredVersion(gomod("toolchain/pulumi"), "github.com/pulumi/pulumi/pkg/v3"), `v${sdk}`);
  });

  it("give the CRDs of the Cilium whose verdicts are compared", () => {
    const cilium = "github.com/cilium/cilium";
    assert.equal(requiredVersion(gomod("cluster"), cilium), requiredVersion(gomod("oracle"), cilium));
  });
});
