/** Addresses outside the cluster. Never matches a node or a pod, whatever its range. */
import { z } from "zod";
import { containsPrefix, parsePrefix } from "../../policy/cidr.ts";
import { shown } from "../issues.ts";
import type { PeerKind } from "./kind.ts";
import { type Reachable, reachable } from "./reachable.ts";

export interface CidrPeer {
  readonly kind: "cidr";
  readonly cidr: string;
  /** Ranges of it that are left out. */
  readonly exceptions: readonly string[];
}

/** A range, and with `except` the same without some of it. */
export type CidrRange = Reachable<CidrPeer> & { except(...ranges: string[]): Reachable<CidrPeer> };

export const cidr = (range: string): CidrRange => {
  const peer: CidrPeer = { kind: "cidr", cidr: range, exceptions: [] };
  return { ...reachable(peer), except: (...exceptions) => reachable({ ...peer, exceptions }) };
};

const range = z.custom<string>((given) => typeof given === "string" && parsePrefix(given) !== undefined, {
  error: ({ input }) => `${shown(input)} is not a CIDR; write an address and a prefix length, such as 192.0.2.0/24`,
});

const schema = z
  .object({
    kind: z.literal("cidr"),
    cidr: range,
    exceptions: z.array(range),
  })
  .superRefine(({ cidr, exceptions }, context) => {
    for (const exception of exceptions.filter((one) => !isWithin(one, cidr))) {
      context.addIssue(`${cidr} except ${exception}, which is no part of it; leave it out`);
    }
  }) satisfies z.ZodType<CidrPeer>;

function isWithin(inner: string, outer: string): boolean {
  const [whole, part] = [parsePrefix(outer), parsePrefix(inner)];
  return whole !== undefined && part !== undefined && containsPrefix(whole, part);
}

export const cidrKind: PeerKind<CidrPeer> = {
  schema,
  isSource: true,
  name: cidrText,
  inTables: (peer) => ({ names: [cidrText(peer)] }),
  inVerdicts: ({ cidr }) => [cidr],
  namespace: () => undefined,
  isOutside: () => true,
  share: () => "none",
  selection: ({ cidr, exceptions }) =>
    exceptions.length === 0 ? { kind: "cidr", cidr } : { kind: "cidr-set", ranges: { cidr, except: [...exceptions] } },
  wording: ({ cidr, exceptions }) => ({
    kind: "call",
    word: "cidr",
    given: [cidr],
    ...(exceptions.length > 0 && { next: { word: "except", given: exceptions } }),
  }),
};

/** `10.0.0.0/8 except 10.1.0.0/16` */
function cidrText({ cidr, exceptions }: CidrPeer): string {
  return exceptions.length === 0 ? cidr : `${cidr} except ${exceptions.join(", ")}`;
}
