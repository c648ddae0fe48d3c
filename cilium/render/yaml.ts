/** Kubernetes objects as YAML. */
import { dump } from "js-yaml";

/**
 * A value as one YAML document, the same text for the same value: shared parts are written out, what is undefined is left
 * out, and a text is quoted when kubectl, which reads YAML 1.1, would take it for something else (`on`, `1e3`).
 */
export const yaml = (value: unknown): string =>
  dump(value, { noRefs: true, skipInvalid: true, quoteStyle: "double", lineWidth: 120 });
