/**
 * What `toServices` stands for: the pods that the Services select, and the backends of Services that select none
 * (`processRule` in `pkg/policy/k8s/service.go`).
 */
import type { CidrRule, EgressRule, LabelSelector } from "../../policy/schema.ts";
import { matches, podNamespaceLabel, selectorRequirements } from "../../policy/selector.ts";
import type { Endpoint, Service } from "./inventory.ts";

type ServiceReference = NonNullable<EgressRule["toServices"]>[number];

/** The endpoints and addresses behind the Services that an item of `toServices` names. */
export function backendsOf(
  reference: ServiceReference,
  services: readonly Service[],
): { readonly endpoints: LabelSelector[]; readonly cidrSet: CidrRule[] } {
  const named = services.filter((service) => isNamed(service, reference));
  return {
    endpoints: named.filter(selectsPods).map(({ namespace, selector }) => ({
      matchLabels: {
        ...Object.fromEntries(Object.entries(selector).map(([key, value]) => [`k8s:${key}`, value])),
        [`k8s:${podNamespaceLabel}`]: namespace,
      },
    })),
    cidrSet: named
      .filter((service) => !selectsPods(service))
      .flatMap(({ backends = [] }) =>
        backends
          .flatMap(({ addresses }) => addresses)
          .map((address) => ({ cidr: `${address}/${address.includes(":") ? 128 : 32}` })),
      ),
  };
}

/** Whether an excerpt of a cluster knows what a reference means: some Service of its namespace is given. */
export function isGiven(reference: ServiceReference, services: readonly Service[]): boolean {
  const { namespace } = reference.k8sService ?? reference.k8sServiceSelector ?? {};
  const { endpoints, cidrSet } = backendsOf(reference, services);
  return endpoints.length + cidrSet.length > 0 || services.some((service) => service.namespace === namespace);
}

/** The Service that a DNS name of the cluster names, as `web.shop.svc.cluster.local`; undefined for other names. */
export function serviceOfName(name: string): Pick<Service, "namespace" | "name"> | undefined {
  const [service = "", namespace = "", ...rest] = name.replace(/\.$/, "").split(".");
  return ["svc", "svc.cluster.local"].includes(rest.join(".")) ? { namespace, name: service } : undefined;
}

const selectsPods = ({ selector }: Service): boolean => Object.keys(selector).length > 0;

/** Whether a pod is behind a Service by its labels. */
export const isBehind = ({ namespace, labels }: Endpoint, service: Service): boolean =>
  selectsPods(service) &&
  namespace === service.namespace &&
  Object.entries(service.selector).every(([key, value]) => labels[key] === value);

function isNamed(service: Service, { k8sServiceSelector, k8sService }: ServiceReference): boolean {
  if (k8sServiceSelector) {
    const { namespace, selector } = k8sServiceSelector;
    return inNamespace(service, namespace) && matches(withoutSource(selector), labelsOf(service));
  }
  return k8sService != null && inNamespace(service, k8sService.namespace) && k8sService.serviceName === service.name;
}

const inNamespace = (service: Service, namespace: string | null | undefined): boolean =>
  !namespace || namespace === service.namespace;

/** Services are matched by the keys of their labels, whatever source a selector names. */
const withoutSource = (selector: LabelSelector) =>
  selectorRequirements(selector).map((requirement) => ({ ...requirement, source: "any" }));

const labelsOf = ({ labels }: Service) => Object.entries(labels).map(([key, value]) => ({ source: "k8s", key, value }));
