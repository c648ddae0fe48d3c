/** Addresses that somebody keeps in CiliumCIDRGroups: one by its name, or all with labels. */
import { z } from "zod";
import { type Labels, labelSelector, labelsText, nameOrLabels } from "../labels.ts";
import type { PeerKind } from "./kind.ts";
import { reachable } from "./reachable.ts";

export interface CidrGroupPeer {
  readonly kind: "cidr-group";
  readonly group: string | Labels;
}

export const cidrGroup = (group: string | Labels) => reachable<CidrGroupPeer>({ kind: "cidr-group", group });

const schema = z.object({
  kind: z.literal("cidr-group"),
  group: nameOrLabels(
    'cidrGroup() takes the name of a CiliumCIDRGroup, such as "cloudflare", or the labels of several',
  ),
}) satisfies z.ZodType<CidrGroupPeer>;

export const cidrGroupKind: PeerKind<CidrGroupPeer> = {
  schema,
  isSource: true,
  name: groupText,
  inTables: (peer) => ({ names: [groupText(peer)] }),
  inVerdicts: (peer) => [groupText(peer)],
  namespace: () => undefined,
  isOutside: () => true,
  share: () => "none",
  selection: ({ group }) => ({
    kind: "cidr-set",
    ranges: typeof group === "string" ? { cidrGroupRef: group } : { cidrGroupSelector: labelSelector(group) },
  }),
  wording: ({ group }) => ({ kind: "call", word: "cidrGroup", given: [group] }),
};

/** `CIDR group cloudflare`, `CIDR groups with owner=it` */
function groupText({ group }: CidrGroupPeer): string {
  return typeof group === "string" ? `CIDR group ${group}` : `CIDR groups with ${labelsText(group)}`;
}
