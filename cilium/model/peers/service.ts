/**
 * What a Service leads to, for those whose backends nobody declares: addresses outside, or pods of a chart. Only the client's
 * end is opened.
 */
import { z } from "zod";
import { type Labels, labelSelector, labelsText, nameOrLabels } from "../labels.ts";
import type { PeerKind } from "./kind.ts";
import { reachable } from "./reachable.ts";

export interface ServicePeer {
  readonly kind: "service";
  readonly namespace: string;
  /** Its name, or labels of several. */
  readonly service: string | Labels;
}

/** `service("infra", "vault")`, or all Services of the namespace with labels. */
export const service = (namespace: string, service: string | Labels) =>
  reachable<ServicePeer>({ kind: "service", namespace, service });

const form = 'write the namespace of a Service and its name or labels, such as service("infra", "vault")';

const schema = z.object({
  kind: z.literal("service"),
  namespace: z.string(form).regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, form),
  service: nameOrLabels(form),
}) satisfies z.ZodType<ServicePeer>;

export const serviceKind: PeerKind<ServicePeer> = {
  schema,
  isSource: false,
  name: ({ namespace, service }) => `${serviceText(service)} of ${namespace}`,
  inTables: ({ namespace, service }) => ({ names: [serviceText(service)], place: namespace }),
  inVerdicts: ({ namespace, service }) => [
    typeof service === "string" ? `${namespace}/${service}` : labelsText(service),
  ],
  namespace: () => undefined,
  isOutside: () => false,
  share: () => "none",
  selection: ({ namespace, service }) => ({
    kind: "services",
    services:
      typeof service === "string"
        ? { k8sService: { serviceName: service, namespace } }
        : { k8sServiceSelector: { selector: labelSelector(service), namespace } },
  }),
  wording: ({ namespace, service }) => ({ kind: "call", word: "service", given: [namespace, service] }),
};

/** `Service vault`, `Services with app=vault` */
export const serviceText = (service: string | Labels): string =>
  typeof service === "string" ? `Service ${service}` : `Services with ${labelsText(service)}`;
