/** The syntax of labels, as Kubernetes and Cilium write it (`k8s.io/apimachinery`, Cilium's `pkg/labels/validation.go`). */

export const labelKeySyntax =
  "a label's key is a name of at most 63 letters, digits, '-', '_' and '.', optionally after a DNS name and '/'";

export const labelValueSyntax =
  "a label's value is at most 63 letters, digits, '-', '_' and '.', starting and ending with a letter or digit";

/** Whether Kubernetes takes the value of a label; the empty string is one. */
export const isLabelValue = (value: string): boolean =>
  value.length <= 63 && /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/.test(value);

/** Whether Kubernetes takes the key of a label: `name` or `dns.name/name`. */
export function isLabelKey(key: string): boolean {
  const parts = key.split("/");
  const name = parts.at(-1) ?? "";
  if (parts.length > 2 || name.length > 63 || !/^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name)) return false;
  const [prefix] = parts;
  return parts.length === 1 || (prefix !== undefined && isDnsSubdomain(prefix));
}

/** Whether Cilium takes the key of a selector: a label's key, optionally after its source and `:`. */
export function isSelectorKey(key: string): boolean {
  const [first = "", second, ...more] = key.split(":");
  if (second === undefined) return isLabelKey(first);
  return more.length === 0 && /^[A-Za-z0-9]+$/.test(first) && isLabelKey(second);
}

const isDnsSubdomain = (name: string): boolean =>
  name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name);
