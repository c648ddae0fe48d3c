/** What a document is: an object of which kind, something that places others, a template, or encrypted. */
import leven from "leven";
import { z } from "zod";
import { type ApiResource, policyResources } from "../policy/resources.ts";
import { helmMark, type LeftOut, variableMark } from "./left-out.ts";
import { type Document, template, variables } from "./text.ts";

export const policyKinds: Readonly<Record<string, ApiResource>> = policyResources;

const header = z.object({ apiVersion: z.string().min(1), kind: z.string().min(1) });

export function kindOf(value: unknown): { apiVersion: string; group: string; kind: string } {
  const parsed = header.safeParse(value);
  if (!parsed.success) return { apiVersion: "", group: "", kind: "" };
  const { apiVersion, kind } = parsed.data;
  return { apiVersion, group: apiVersion.includes("/") ? apiVersion.replace(/\/.*/, "") : "core", kind };
}

/** What places or applies objects rather than being one that policies could be about. */
export const isApplied = (group: string, kind: string): boolean =>
  (kind === "Kustomization" && /^kustomize\./.test(group)) ||
  (kind === "Component" && group === "kustomize.config.k8s.io") ||
  (/^Application(Set)?$/.test(kind) && group === "argoproj.io");

/** The policy kind that a kind of one of the policies' groups is a slip of the keys away from. */
export const nearestKind = (kind: string): string | undefined =>
  Object.keys(policyKinds).find((known) => kind !== known && leven(kind.toLowerCase(), known.toLowerCase()) <= 3);

export const isMisspelt = (group: string, kind: string): boolean => {
  const near = nearestKind(kind);
  return near !== undefined && !(kind in policyKinds) && policyKinds[near]?.group === group;
};

/** Whether a patch is about a policy. */
export const mayBePolicy = (patch: unknown): boolean => JSON.stringify(patch)?.includes("NetworkPolicy") ?? false;

/** `sops` encrypts values and adds itself as a field. */
const sops = z.union([z.looseObject({ sops: z.looseObject({}) }), z.string().startsWith("ENC[AES256_GCM")]);
export const isEncrypted = (value: unknown): boolean => sops.safeParse(value).success;

const metadata = z.object({
  metadata: z.object({ name: z.string().nullish(), namespace: z.string().nullish() }),
});

export const metadataOf = (value: unknown) => metadata.safeParse(value).data?.metadata;

export function nameOf(value: unknown): string {
  const { name, namespace } = metadataOf(value) ?? {};
  const { kind } = kindOf(value);
  return name ? `${kind} ${namespace ? `${namespace}/` : ""}${name}` : `${kind} without a name`;
}

const loose = z.looseObject({ metadata: z.looseObject({}) });

export function inNamespace(value: unknown, namespace: string): unknown {
  const { data } = loose.safeParse(value);
  return data === undefined ? value : { ...data, metadata: { ...data.metadata, namespace } };
}

/** What of a policy says who may connect: its words for people may contain anything. */
export function judgedParts(value: unknown): unknown {
  const { data } = loose.safeParse(value);
  if (data === undefined) return value;
  const { annotations, managedFields, ...metadata } = data.metadata;
  return JSON.parse(
    JSON.stringify({ ...data, metadata, status: undefined }, (key, part) => (key === "description" ? undefined : part)),
  );
}

/** What is left out because it is applied only after something was filled in. */
export function templateMark(judged: unknown, { place, file }: Document): LeftOut | undefined {
  const text = JSON.stringify(judged) ?? "";
  if (helmMark.test(text)) return template(place, file, text);
  return variableMark.test(text) ? variables(place, text) : undefined;
}

/** Zod's issues as `spec.ingress[0].toPorts: what is wrong`. */
export const issueLines = (error: z.ZodError): string[] =>
  error.issues.flatMap((issue) => {
    const path = issue.path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
    const at = path === "" ? "" : `${path.replace(/^\./, "")}: `;
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => `${at}there is no field ${key}`);
    if (issue.code === "too_big" && issue.maximum === 0) {
      return [`${at}Cilium no longer takes it; write what it requires into the selectors beside it`];
    }
    return [`${at}${issue.message.replace(/^Invalid input: /, "")}`];
  });
