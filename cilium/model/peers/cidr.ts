/** Addresses outside the cluster. Never matches a node or a pod, whatever its range. */
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { shown } from "../issues.ts";
import type { PeerKind } from "./kind.ts";
import { reachable } from "./reachable.ts";

export interface CidrPeer {
  readonly kind: "cidr";
  readonly cidr: string;
}

export const cidr = (range: string) => reachable<CidrPeer>({ kind: "cidr", cidr: range });

const schema = z.object({
  kind: z.literal("cidr"),
  cidr: z.custom<string>((range) => typeof range === "string" && ipaddr.isValidCIDR(range), {
    error: ({ input }) => `${shown(input)} is not a CIDR; write an address and a prefix length, such as 192.0.2.0/24`,
  }),
}) satisfies z.ZodType<CidrPeer>;

export const cidrKind: PeerKind<CidrPeer> = {
  schema,
  isSource: false,
  name: ({ cidr }) => cidr,
  inTables: ({ cidr }) => ({ names: [cidr] }),
  inVerdicts: ({ cidr }) => [cidr],
  isOutside: () => true,
  share: () => "none",
  selection: ({ cidr }) => ({ kind: "cidr", cidr }),
  wording: ({ cidr }) => ({ kind: "call", word: "cidr", given: [cidr] }),
};
