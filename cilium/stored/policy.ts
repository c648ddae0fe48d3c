/** A policy as the API server gives it back: the spec as it is stored, and what Cilium says of it. */
import { z } from "zod";

/** One of the conditions that Cilium's operator writes (`operator/pkg/networkpolicy/validator.go`). */
const condition = z.looseObject({ type: z.string(), status: z.string(), message: z.string().nullish() });

export const storedPolicy = z.looseObject({
  kind: z.enum(["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"]),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().nullish(),
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
  spec: z.unknown().optional(),
  specs: z.unknown().optional(),
  status: z.looseObject({ conditions: z.array(condition).nullish() }).nullish(),
});

export type StoredPolicy = z.infer<typeof storedPolicy>;
