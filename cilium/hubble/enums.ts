/**
 * The names of the enums' values that decide something here, by their numbers: protobuf's JSON may hold either
 * (`api/v1/flow/flow.proto`, `api/v1/relay/relay.proto`).
 */
import { z } from "zod";

const enumeration = (names: Readonly<Record<number, string>>) =>
  z.union([z.string(), z.number().transform((number) => names[number] ?? `${number}`)]).nullish();

export const verdict = enumeration({
  0: "VERDICT_UNKNOWN",
  1: "FORWARDED",
  2: "DROPPED",
  3: "ERROR",
  4: "AUDIT",
  5: "REDIRECTED",
  6: "TRACED",
  7: "TRANSLATED",
});

export const dropReason = enumeration({
  0: "DROP_REASON_UNKNOWN",
  133: "POLICY_DENIED",
  181: "POLICY_DENY",
  189: "AUTH_REQUIRED",
});

export const flowType = enumeration({ 0: "UNKNOWN_TYPE", 1: "L3_L4", 2: "L7", 3: "SOCK" });

export const layer7Type = enumeration({ 0: "UNKNOWN_L7_TYPE", 1: "REQUEST", 2: "RESPONSE", 3: "SAMPLE" });

export const trafficDirection = enumeration({ 0: "TRAFFIC_DIRECTION_UNKNOWN", 1: "INGRESS", 2: "EGRESS" });

export const observationPoint = enumeration({
  0: "UNKNOWN_POINT",
  1: "TO_PROXY",
  2: "TO_HOST",
  3: "TO_STACK",
  4: "TO_OVERLAY",
  5: "FROM_ENDPOINT",
  6: "FROM_PROXY",
  7: "FROM_HOST",
  8: "FROM_STACK",
  9: "FROM_OVERLAY",
  10: "FROM_NETWORK",
  11: "TO_NETWORK",
  12: "FROM_CRYPTO",
  13: "TO_CRYPTO",
  101: "TO_ENDPOINT",
});

export const traceReason = enumeration({
  0: "TRACE_REASON_UNKNOWN",
  1: "NEW",
  2: "ESTABLISHED",
  3: "REPLY",
  4: "RELATED",
});

export const nodeState = enumeration({
  0: "UNKNOWN_NODE_STATE",
  1: "NODE_CONNECTED",
  2: "NODE_UNAVAILABLE",
  3: "NODE_GONE",
  4: "NODE_ERROR",
});
