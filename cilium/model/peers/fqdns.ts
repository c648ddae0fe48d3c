/** Names that pods resolve through Cilium's DNS proxy; `*` stands for part of one label, a leading `**.` for any depth. */
import { z } from "zod";
import { shown } from "../issues.ts";
import type { PeerKind } from "./kind.ts";
import { reachable } from "./reachable.ts";

export interface FqdnPeer {
  readonly kind: "fqdns";
  readonly names: readonly string[];
}

export const fqdn = (...names: string[]) => reachable<FqdnPeer>({ kind: "fqdns", names });

export const dnsName = z.custom<string>((name) => typeof name === "string" && /^[*a-z0-9._-]+$/i.test(name), {
  error: ({ input }) => `${unquoted(input)} is not a DNS name; write a host name, with * for a part of a label`,
});

const unquoted = (value: unknown): string => (typeof value === "string" ? value : shown(value));

const schema = z.object({
  kind: z.literal("fqdns"),
  names: z.array(dnsName).refine((names) => names.length > 0, 'fqdn() without a name; write fqdn("example.com")'),
}) satisfies z.ZodType<FqdnPeer>;

export const fqdnsKind: PeerKind<FqdnPeer> = {
  schema,
  isSource: false,
  name: ({ names }) => names.join(", "),
  inTables: ({ names }) => ({ names }),
  inVerdicts: ({ names }) => names,
  namespace: () => undefined,
  isOutside: () => true,
  share: () => "none",
  selection: ({ names }) => ({ kind: "fqdns", names }),
  wording: ({ names }) => ({ kind: "call", word: "fqdn", given: names }),
};
