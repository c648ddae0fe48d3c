/** The `port` of a policy, as the agent reads it (`pkg/iana/svcname.go`, `PortProtocol.sanitize`). */

/** Whether a port is a container port's name: an IANA service name, compared without regard to case. */
export const isPortName = (port: string): boolean =>
  port.length <= 15 && /^([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*$/.test(port);

/**
 * The number that a port without a name stands for, 0 to 65535; undefined if there is none. Go reads number literals
 * here, so `010` is 8 and `1_000` is 1000.
 */
export function portNumber(port: string): number | undefined {
  const literal = literals.find(({ syntax }) => syntax.test(port));
  if (literal === undefined) return undefined;
  const number = Number.parseInt(port.replaceAll("_", "").slice(literal.prefix) || "0", literal.base);
  return number <= 65535 ? number : undefined;
}

const literals = [
  { syntax: /^[1-9](_?[0-9])*$/, base: 10, prefix: 0 },
  { syntax: /^0(_?[0-7])*$/, base: 8, prefix: 1 },
  { syntax: /^0[oO](_?[0-7])+$/, base: 8, prefix: 2 },
  { syntax: /^0[xX](_?[0-9a-fA-F])+$/, base: 16, prefix: 2 },
  { syntax: /^0[bB](_?[01])+$/, base: 2, prefix: 2 },
];
