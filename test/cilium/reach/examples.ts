/** Cilium's own examples and test data. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseText } from "../../../cilium/kubernetes/text.ts";
import { type Policy, policy as policySchema } from "../../../cilium/policy/schema.ts";

/** Folders of Cilium's own module that hold policies. */
const folders = ["examples", "test/k8s/manifests", "pkg/policy/test/testdata"];

/** A file's policies, those that an API server would not store among them, and those that it would. */
export type Example = { readonly file: string; readonly written: number; readonly policies: readonly Policy[] };

export function examples(): Example[] {
  const module = execFileSync("go", ["list", "-m", "-f", "{{.Dir}}", "github.com/cilium/cilium"], {
    cwd: "test/oracle",
    encoding: "utf8",
  }).trim();
  return folders
    .flatMap((folder) => policyFiles(join(module, folder)))
    .map(({ file, policies }) => ({ file, written: policies.length, policies: policies.flatMap(storable) }));
}

/** The policies of each file below a folder: of YAML and JSON, and of the files in test scripts. */
function policyFiles(folder: string): { file: string; policies: object[] }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ya?ml|json|txtar)$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((file) => ({ file, policies: textsOf(file).flatMap((text) => policiesIn(text, file)) }))
    .filter(({ policies }) => policies.length > 0);
}

function textsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return file.endsWith(".txtar") ? text.split(/^-- .* --$/m).slice(1) : [text];
}

const policiesIn = (text: string, file: string): object[] =>
  parseText(text, file).documents.flatMap(({ value }) => (isPolicy(value) ? [value] : []));

const isPolicy = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  "kind" in value &&
  (value.kind === "CiliumNetworkPolicy" || value.kind === "CiliumClusterwideNetworkPolicy");

/** As an API server stores it: in a namespace if it is of that kind, and not at all with the wrong shape. */
function storable(manifest: object): Policy[] {
  const parsed = policySchema.safeParse(manifest);
  if (!parsed.success) return [];
  const { data } = parsed;
  const namespace = data.metadata.namespace ?? "default";
  return [data.kind === "CiliumNetworkPolicy" ? { ...data, metadata: { ...data.metadata, namespace } } : data];
}
