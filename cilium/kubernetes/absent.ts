/** What of an input makes pods that no answer knows: charts that nobody rendered, and workloads that were left out. */
import { z } from "zod";
import type { LeftOut } from "./left-out.ts";
import { isListing } from "./pods.ts";
import type { Objects } from "./read.ts";

/**
 * How many there are of each, such as `63 HelmRelease`; none where a cluster listed its pods, since then there are no others.
 */
export function absentMakers(objects: Objects): string[] {
  if (isListing(objects)) return [];
  const { others, leftOut } = objects;
  const made = [...others.flatMap(chartMaker), ...leftOut.flatMap(leftOutMaker)];
  return [...Map.groupBy(made, (what) => what)].map(([what, { length }]) => `${length} ${what}`);
}

const chartSource = z.union([z.looseObject({ chart: z.string() }), z.looseObject({ helm: z.looseObject({}) })]);

const application = z.looseObject({
  spec: z.looseObject({ source: z.unknown().optional(), sources: z.unknown().optional() }),
});
const applicationSet = z.looseObject({ spec: z.looseObject({ template: z.unknown() }) });
const kustomization = z.looseObject({ helmCharts: z.array(z.unknown()).min(1) });

function chartMaker({ kind, value }: Objects["others"][number]): string[] {
  if (kind === "HelmRelease" || kind === "HelmChart") return [kind];
  return takesCharts(kind, value) ? [`${kind} with charts`] : [];
}

function takesCharts(kind: string, value: unknown): boolean {
  switch (kind) {
    case "Application":
      return hasChart(value);
    case "ApplicationSet":
      return hasChart(applicationSet.safeParse(value).data?.spec.template);
    case "Kustomization":
      return kustomization.safeParse(value).success;
    default:
      return false;
  }
}

function hasChart(value: unknown): boolean {
  const { source, sources } = application.safeParse(value).data?.spec ?? {};
  return [source, sources].flat().some((one) => chartSource.safeParse(one).success);
}

const workloadKind = /^(Pod|Deployment|StatefulSet|DaemonSet|ReplicaSet|Job|CronJob) /;

function leftOutMaker({ reason, detail = "" }: LeftOut): string[] {
  if (reason === "template") return ["template"];
  const [, kind] = workloadKind.exec(detail) ?? [];
  return kind === undefined ? [] : [`${kind} that is left out`];
}
