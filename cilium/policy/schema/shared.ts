/** What the schemas of all kinds of policies share: selectors, metadata, address ranges. */
import { z } from "zod";
import { isKubernetesCidr } from "../cidr.ts";
import { isLabelKey, isLabelValue, labelKeySyntax, labelValueSyntax } from "../label-syntax.ts";

export const atMostRunes = (length: number) =>
  z.string().refine((text) => [...text].length <= length, `at most ${length} characters`);

const labelValue = z.string().refine(isLabelValue, labelValueSyntax);

export const labelSelector = z.strictObject({
  matchLabels: z.record(z.string(), labelValue).nullish(),
  matchExpressions: z
    .array(
      z.strictObject({
        key: z.string(),
        operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
        values: z.array(z.string()).nullish(),
      }),
    )
    .nullish(),
});

/** A selector as the API server validates it in its own kinds (`ValidateLabelSelector` in `k8s.io/apimachinery`). */
export const strictLabelSelector = labelSelector
  .refine(
    ({ matchLabels, matchExpressions }) =>
      [...Object.keys(matchLabels ?? {}), ...(matchExpressions ?? []).map(({ key }) => key)].every(isLabelKey),
    labelKeySyntax,
  )
  .refine(
    ({ matchExpressions }) =>
      (matchExpressions ?? []).every(
        ({ operator, values }) => (operator === "In" || operator === "NotIn") === (values ?? []).length > 0,
      ),
    "In and NotIn need values, Exists and DoesNotExist take none",
  )
  .refine(
    ({ matchExpressions }) => (matchExpressions ?? []).every(({ values }) => (values ?? []).every(isLabelValue)),
    labelValueSyntax,
  );

export type LabelSelector = z.infer<typeof labelSelector>;

/** Refuses objects that do not carry exactly one of the given fields. */
export const exactlyOneOf =
  (...fields: string[]) =>
  (object: Readonly<Record<string, unknown>>): boolean =>
    fields.filter((field) => isPresent(object[field])).length === 1;

export const isPresent = (value: unknown): boolean => value !== undefined && value !== null;

export const cidr = z.string().refine(isKubernetesCidr, "an address with its prefix length, such as 192.0.2.7/32");

const dns1123Subdomain = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    "lower-case letters, digits, '-' and '.', starting and ending with a letter or digit",
  );

/** Fields of `ObjectMeta` that this project does not read. */
const otherMetadata = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "finalizers",
  "generateName",
  "generation",
  "managedFields",
  "ownerReferences",
  "resourceVersion",
  "selfLink",
  "uid",
];

const readMetadata = {
  name: dns1123Subdomain,
  namespace: z
    .string()
    .max(63)
    .regex(
      /^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/,
      "lower-case letters, digits and '-', starting and ending with a letter or digit",
    )
    .nullish(),
  labels: z.record(z.string().refine(isLabelKey, labelKeySyntax), labelValue).nullish(),
  annotations: z
    .record(
      z.string().refine((key) => isLabelKey(key.toLowerCase()), labelKeySyntax),
      z.string(),
    )
    .nullish(),
};

/** An object's metadata; fields that only the API server needs pass through. */
export const metadata = z
  .looseObject(readMetadata)
  .refine(
    (metadata) => Object.keys(metadata).every((key) => key in readMetadata || otherMetadata.includes(key)),
    "unknown fields; labels and annotations are the place for one's own",
  );
