/** The pack as Pulumi loads it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PolicyPack } from "@pulumi/policy";
import { readPackConfig } from "./config.ts";
import { createRules } from "./rules.ts";

/**
 * Registers the pack. Pulumi starts it in its own folder and does not say where the program is, so what is known of a
 * cluster stands beside the entry, or comes with `--policy-pack-config`.
 * @param folder where the entry is
 */
export function register(folder: string): void {
  const file = join(folder, "cluster.json");
  const policies = createRules(existsSync(file) ? readPackConfig(file) : {});
  new PolicyPack("cilium-network-policies", { enforcementLevel: "mandatory", policies });
}
