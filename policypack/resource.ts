/** Cilium policies among the resources that Pulumi shows to a policy pack. */
import { z } from "zod";
import { type CiliumPolicy, ciliumPolicy } from "../cilium/policy/schema.ts";

/** A resource as Pulumi shows it: one by one before registration, and all together at the end. */
export type Resource = {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly props: Readonly<Record<string, unknown>>;
};

/** A resource that is a policy: either it can be judged, or there is something in the way. */
export type PolicyResource =
  | { readonly readable: true; readonly policy: CiliumPolicy }
  | { readonly readable: false; readonly obstacles: readonly Obstacle[] };

export type Obstacle = { readonly place: string; readonly problem: string };

/**
 * The policy that a resource declares; undefined for resources of other kinds. Patches of policies are read as if they
 * were whole: what a patch leaves out cannot be judged.
 */
export function readPolicy({ type, props }: Resource): PolicyResource | undefined {
  if (!policyType.test(type)) return undefined;
  const manifest = knownValue(() => manifestOf(props));
  if (!manifest.known) {
    return obstacle("", `cannot be judged before it is known: ${manifest.reason}`);
  }
  const parsed = ciliumPolicy.safeParse(manifest.value);
  if (parsed.success) return { readable: true, policy: parsed.data };
  return {
    readable: false,
    obstacles: parsed.error.issues.map(({ path, message }) => ({
      place: z.core.toDotPath(path),
      problem: message,
    })),
  };
}

/**
 * A value of a resource as plain data. Pulumi's proxies throw as soon as a value is read that is only known after an
 * update; left alone, that would turn a mandatory rule into an advisory one.
 */
export function knownValue<T>(read: () => T): { known: true; value: T } | { known: false; reason: string } {
  try {
    return { known: true, value: read() };
  } catch (error) {
    if (error instanceof Error && "unknownTypeSentinel" in error) return { known: false, reason: error.message };
    throw error;
  }
}

/** A copy without proxies. */
export const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

const policyType = /^kubernetes:cilium\.io\/[^:]+:(CiliumNetworkPolicy|CiliumClusterwideNetworkPolicy)(Patch)?$/;

/** What the resource sends to the API server; the other properties are Pulumi's own or the server's answer. */
function manifestOf(props: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields = Object.keys(props).filter(
    (field) => !field.startsWith("__") && !["id", "urn", "status"].includes(field),
  );
  return Object.fromEntries(fields.map((field) => [field, plain(props[field])]));
}

const obstacle = (place: string, problem: string): PolicyResource => ({
  readable: false,
  obstacles: [{ place, problem }],
});
