/** Single addresses, and the parts that nested prefixes cut the address space into. */
import { isIPv4 } from "node:net";
import ipaddr from "ipaddr.js";
import { containsPrefix, type Prefix, parsePrefix } from "../../policy/cidr.ts";

/** Reads `address/bits`, or an address as the prefix that holds only it; undefined for anything else. */
export const parseAddressOrPrefix = (text: string): Prefix | undefined =>
  text.includes("/") ? parsePrefix(text) : parsePrefix(`${text}/${text.includes(":") ? 128 : 32}`);

/** `10.0.0.0/8`, or just the address where a prefix holds only one. */
export function formatPrefix(prefix: Prefix): string {
  const address = first(prefix).toString();
  return isAddress(prefix) ? address : `${address}/${prefix.bits}`;
}

const isAddress = ({ address, bits }: Prefix): boolean => bits === address.toByteArray().length * 8;

/** An address in the form in which every way to write it is the same. */
export function canonicalAddress(address: string): string {
  if (isIPv4(address)) return address;
  const parsed = parseAddressOrPrefix(address);
  return parsed === undefined ? address : formatPrefix(parsed);
}

/**
 * The first address of a prefix that lies in none of the others and is not taken; undefined if there is none.
 * @param taken addresses in their canonical form
 */
export function addressOutside(
  prefix: Prefix,
  others: readonly Prefix[],
  taken: ReadonlySet<string> = new Set(),
): Prefix | undefined {
  const inner = others.filter((other) => containsPrefix(prefix, other) && !containsPrefix(other, prefix));
  let address: Address | undefined = first(prefix);
  while (address !== undefined) {
    const candidate: Prefix = { address, bits: address.toByteArray().length * 8 };
    if (!containsPrefix(prefix, candidate)) return undefined;
    const holder = inner.find((other) => containsPrefix(other, candidate));
    if (holder === undefined && !taken.has(formatPrefix(candidate))) return candidate;
    address = after(holder ?? candidate);
  }
  return undefined;
}

type Address = Prefix["address"];

const first = ({ address, bits }: Prefix): Address =>
  ipaddr.fromByteArray(address.toByteArray().map((byte, i) => byte & ~(0xff >> clamp(bits - i * 8))));

/** The address after the last one of a prefix; undefined where the address space ends. */
function after(prefix: Prefix): Address | undefined {
  const bytes = first(prefix).toByteArray();
  let carry = prefix.bits === 0 ? 256 : 1 << (7 - ((prefix.bits - 1) & 7));
  for (let i = Math.max(0, prefix.bits - 1) >> 3; i >= 0 && carry > 0; i--) {
    const sum = (bytes[i] ?? 0) + carry;
    bytes[i] = sum & 0xff;
    carry = sum >> 8;
  }
  return carry > 0 ? undefined : ipaddr.fromByteArray(bytes);
}

const clamp = (bits: number): number => Math.min(8, Math.max(0, bits));
