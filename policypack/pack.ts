import { PolicyPack } from "@pulumi/policy";
import { createRules } from "./rules.ts";

new PolicyPack("cilium-network-policies", { enforcementLevel: "mandatory", policies: createRules() });
