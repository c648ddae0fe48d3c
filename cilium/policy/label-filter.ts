/** Which labels of a pod its identity keeps (`pkg/labelsfilter/filter.go`); selectors on others match nothing. */
import { RE2JS } from "re2js";
import type { Label } from "./selector.ts";

export type LabelFilter = (label: Label) => boolean;

/** A pattern that is written as `source:!expression`, with the source and `!` left out where they are not needed. */
type Pattern = { readonly source: string; readonly ignore: boolean; readonly matched: Expression };

/** How much of a key it matches, from the start; undefined if it does not. */
type Expression = (key: string) => number | undefined;

/**
 * The filter that the agent makes of its option `labels`: the default patterns and these. As soon as one of these
 * includes labels, a label has to be included by some pattern.
 *
 * @throws {Error} for an expression that is none
 */
export const labelFilter = (written: readonly string[]): LabelFilter => filterOf(defaults, written);

/** The same for the labels of nodes, where nothing is dropped by default (the option `node-labels`). */
export const nodeLabelFilter = (written: readonly string[]): LabelFilter => filterOf([], written);

function filterOf(defaults: readonly Pattern[], written: readonly string[]): LabelFilter {
  const added = written.map((text) => parsePattern(text, agentExpression));
  const patterns = [...defaults, ...added];
  const inclusive = added.some(({ ignore }) => !ignore);
  const known = new Map<string, boolean>();
  return ({ source, key }) => {
    const name = `${source}:${key}`;
    const kept = known.get(name) ?? keeps(patterns, inclusive, source, key);
    known.set(name, kept);
    return kept;
  };
}

/** A label is dropped if a pattern ignores it, unless one that includes it matches a longer part. */
function keeps(patterns: readonly Pattern[], inclusive: boolean, source: string, key: string): boolean {
  let included = 0;
  let ignored = 0;
  for (const pattern of patterns) {
    if (pattern.source !== "" && pattern.source !== source) continue;
    const length = pattern.matched(key);
    if (length === undefined) continue;
    if (!pattern.ignore) included = Math.max(included, length);
    else if (ignored === 0 || length < ignored) ignored = length;
  }
  return (!inclusive && ignored === 0) || included > ignored;
}

function parsePattern(text: string, expression: (written: string) => Expression): Pattern {
  const colon = text.indexOf(":");
  const prefix = text.slice(colon + 1);
  const ignore = prefix.startsWith("!");
  return {
    source: text.slice(0, Math.max(colon, 0)),
    ignore,
    matched: expression(ignore ? prefix.slice(1) : prefix),
  };
}

/** An expression as the agent's language, Go, reads it. */
function agentExpression(written: string): Expression {
  const expression = RE2JS.compile(written);
  return (key) => {
    const matcher = expression.matcher(key);
    return matcher.find() && matcher.start() === 0 ? matcher.end() : undefined;
  };
}

/** The same of what both languages read alike, at hand without a compiler of Go's. */
function plainExpression(written: string): Expression {
  const expression = new RegExp(`^(?:${written})`);
  return (key) => expression.exec(key)?.[0].length;
}

const defaults = [
  "reserved:.*",
  "io\\.kubernetes\\.pod\\.namespace",
  "io\\.cilium\\.k8s\\.namespace\\.labels",
  "app\\.kubernetes\\.io",
  "io\\.cilium\\.k8s\\.policy\\.cluster",
  "io\\.cilium\\.k8s\\.policy\\.serviceaccount",
  "!io\\.kubernetes",
  "!kubernetes\\.io",
  "!statefulset\\.kubernetes\\.io/pod-name",
  "!apps\\.kubernetes\\.io/pod-index",
  "!batch\\.kubernetes\\.io/job-completion-index",
  "!batch\\.kubernetes\\.io/controller-uid",
  "!.*beta\\.kubernetes\\.io",
  "!k8s\\.io",
  "!pod-template-generation",
  "!pod-template-hash",
  "!controller-revision-hash",
  "!controller-uid",
  "!annotation.*",
  "!etcd_node",
  "!topology\\.kubernetes\\.io",
].map((text) => parsePattern(text, plainExpression));

/** What identities keep without the option `labels`. */
export const keepsByDefault: LabelFilter = labelFilter([]);

/** Whether an identity keeps a pod's label of this key, without the option `labels`. */
export const isKept = (key: string): boolean => keepsByDefault({ source: "k8s", key, value: "" });
