/** Selectors: `EndpointSelector.Sanitize` and `pkg/labels/validation.go`. */
import { isLabelValue, isSelectorKey, labelKeySyntax, labelValueSyntax } from "../label-syntax.ts";
import { at } from "../place.ts";
import type { LabelSelector } from "../schema.ts";
import { sourcedKey } from "../selector.ts";
import { type Fault, fault } from "./fault.ts";

/**
 * @param source what the agent puts before a key that names no source, before it looks at the key
 */
export function selectorFaults(selector: LabelSelector, place: string, source = ""): Fault[] {
  const keyFaults = (key: string, place: string) =>
    isSelectorKey(source === "" ? key : sourcedKey(key, source))
      ? []
      : [fault(place, key, `invalid label selector: ${labelKeySyntax}`, "write the key as the pods carry it")];

  return [
    ...Object.keys(selector.matchLabels ?? {}).flatMap((key) => keyFaults(key, at(place, "matchLabels"))),
    ...(selector.matchExpressions ?? []).flatMap((expression, index) => {
      const here = at(place, "matchExpressions", index);
      return [...keyFaults(expression.key, at(here, "key")), ...valuesFaults(expression, at(here, "values"))];
    }),
  ];
}

type Expression = NonNullable<LabelSelector["matchExpressions"]>[number];

function valuesFaults({ operator, values }: Expression, place: string): Fault[] {
  const invalid = (values ?? [])
    .filter((value) => !isLabelValue(value))
    .map((value) =>
      fault(place, value, `invalid label selector: ${labelValueSyntax}`, "write the value as the pods carry it"),
    );
  const needed = operator === "In" || operator === "NotIn";
  if (needed && (values ?? []).length === 0) {
    return [
      fault(
        place,
        values,
        `invalid label selector: values must be specified when operator is '${operator}'`,
        "list the values, or ask with Exists or DoesNotExist",
      ),
    ];
  }
  if (!needed && (values ?? []).length > 0) {
    return [
      ...invalid,
      fault(
        place,
        values,
        `invalid label selector: values may not be specified when operator is '${operator}'`,
        "leave the values out, or ask with In or NotIn",
      ),
    ];
  }
  return invalid;
}
