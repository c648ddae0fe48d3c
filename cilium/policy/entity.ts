/** What answers call Cilium's entities. */
import type { Entity } from "./schema.ts";

/** Envoy on behalf of a Gateway or an Ingress is the gateway, since `ingress` is a direction too; others are called as Cilium does. */
export const entityName = (entity: Entity | "control-plane-host"): string =>
  entity === "ingress" ? "gateway" : entity;
