/** One machine outside the cluster whose address the config may change. */
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { shown } from "../issues.ts";
import type { PeerKind } from "./kind.ts";
import { reachable } from "./reachable.ts";

export interface ExternalHost {
  readonly kind: "external";
  readonly name: string;
  readonly address: string;
}

/** A machine outside the cluster by the name that config's `addresses` knows it by, and its usual address. */
export const external = (name: string, address: string) => reachable<ExternalHost>({ kind: "external", name, address });

const schema = z.object({
  kind: z.literal("external"),
  name: z.string('write external("nas", "192.0.2.7")'),
  address: z.custom<string>((address) => typeof address === "string" && ipaddr.isValid(address), {
    error: ({ input }) => `${shown(input)} is not an IP address; write one such as 192.0.2.1`,
  }),
}) satisfies z.ZodType<ExternalHost>;

export const externalKind: PeerKind<ExternalHost> = {
  schema,
  isSource: true,
  name: ({ name, address }) => `${name} (${address})`,
  inTables: ({ name, address }) => ({ names: [name], place: address }),
  inVerdicts: ({ name, address }) => [`${name} (${address})`, address],
  namespace: () => undefined,
  isOutside: () => true,
  share: () => "none",
  selection: ({ address }) => ({
    kind: "cidr",
    cidr: `${address}/${ipaddr.parse(address).kind() === "ipv4" ? 32 : 128}`,
  }),
  wording: ({ name, address }) => ({ kind: "call", word: "external", given: [name, address] }),
};
