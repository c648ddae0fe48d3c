/** Address ranges as the API server and Cilium's agent read them: the first is laxer than the second. */
import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

type Address = ReturnType<typeof ipaddr.parse>;
/** An address and the number of bits that are fixed. */
export type Prefix = { readonly address: Address; readonly bits: number };

/**
 * Whether the API server takes a CIDR (`format: cidr`, Go's `net.ParseCIDR` before it refused leading zeros).
 */
export function isKubernetesCidr(cidr: string): boolean {
  const [address = "", bits, ...more] = cidr.split("/");
  if (bits === undefined || more.length > 0 || !/^[0-9]{1,7}$/.test(bits)) return false;
  const plain = withoutLeadingZeros(address);
  return Number(bits) <= (isIPv4(plain) ? 32 : 128) && (isIPv4(plain) || isIPv6Address(plain));
}

/** Reads a CIDR as the agent does (Go's `netip.ParsePrefix`); undefined if it refuses. */
export function parsePrefix(cidr: string): Prefix | undefined {
  const [address = "", bits, ...more] = cidr.split("/");
  if (bits === undefined || more.length > 0 || !/^(0|[1-9][0-9]{0,2})$/.test(bits)) return undefined;
  if (!isIPv4(address) && !isIPv6Address(address)) return undefined;
  const parsed = ipaddr.parse(address);
  return Number(bits) <= parsed.toByteArray().length * 8 ? { address: parsed, bits: Number(bits) } : undefined;
}

/** Whether every address of `inner` is one of `outer`; never across address families. */
export function containsPrefix(outer: Prefix, inner: Prefix): boolean {
  return (
    outer.bits <= inner.bits &&
    outer.address.kind() === inner.address.kind() &&
    inner.address.match(outer.address, outer.bits)
  );
}

/** Whether two ranges share an address. */
export const overlaps = (a: Prefix, b: Prefix): boolean => containsPrefix(a, b) || containsPrefix(b, a);

/** An address in a CIDR carries no zone, which Node's check lets pass. */
const isIPv6Address = (address: string): boolean => isIPv6(address) && !address.includes("%");

const withoutLeadingZeros = (address: string): string => address.replace(/(?<![0-9a-f])0+(?=[0-9a-f])/gi, "");
