/** Container ports: a number, its transports and what is spoken on it. A policy names the pod's port, never the Service's. */

import { z } from "zod";
import { shown } from "./issues.ts";

export type Transport = "TCP" | "UDP" | "SCTP";

/** What is spoken on a port. Only `http` is plaintext that Envoy can parse; `tls-passthrough` is behind a TLSRoute. */
export type Spoken = "http" | "https" | "tls-passthrough" | "grpc" | "dns" | "tcp" | "udp" | "sctp";

export interface Port {
  readonly number: number;
  readonly transports: readonly Transport[];
  readonly speaks: Spoken;
}

export const portSchema = z.strictObject(
  {
    number: z.custom<number>((number) => Number.isInteger(number) && Number(number) >= 1 && Number(number) <= 65535, {
      error: ({ input }) => `port ${shown(input)}; write a number from 1 to 65535`,
    }),
    transports: z.array(z.enum(["TCP", "UDP", "SCTP"])).min(1),
    speaks: z.enum(["http", "https", "tls-passthrough", "grpc", "dns", "tcp", "udp", "sctp"]),
  },
  { error: ({ input }) => `${shown(input)} is no port; write one such as http(8080) or udp(53)` },
) satisfies z.ZodType<Port>;

const overTcp =
  (speaks: Spoken) =>
  (number: number): Port => ({ number, transports: ["TCP"], speaks });

export const http = overTcp("http");
export const https = overTcp("https");
export const grpc = overTcp("grpc");
export const tcp = overTcp("tcp");
/** TLS that the Gateway hands through unopened (a TLSRoute): HTTP rules on it would break every connection. */
export const tlsPassthrough = overTcp("tls-passthrough");
export const udp = (number: number): Port => ({ number, transports: ["UDP"], speaks: "udp" });
export const sctp = (number: number): Port => ({ number, transports: ["SCTP"], speaks: "sctp" });
/** DNS is served over UDP and TCP. */
export const dns = (number: number): Port => ({ number, transports: ["UDP", "TCP"], speaks: "dns" });

/** `8080` or `8080/UDP`: TCP goes without saying, DNS ports are both and go by the number alone. */
export function portText(port: Port): string {
  const only = port.transports.length === 1 ? port.transports[0] : undefined;
  return only === undefined || only === "TCP" ? String(port.number) : `${port.number}/${only}`;
}
