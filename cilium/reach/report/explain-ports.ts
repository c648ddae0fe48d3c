/** Which ports a destination has, for who asks about another one. */
import type { Inventory, Question } from "../compile/inventory.ts";
import { isBehind } from "../compile/services.ts";

/**
 * What the port of a question is, where the destination names ports and this is none of them, or where it is the port of a
 * Service in front of it; empty where there is nothing to say. Containers need not name the ports that they listen on.
 */
export function portNotes({ destination, port, protocol }: Question, inventory: Inventory): string[] {
  if (destination.kind !== "endpoint") return [];
  const { namespace, name } = destination;
  const endpoint = inventory.endpoints.find((one) => one.namespace === namespace && one.name === name);
  const ports = endpoint?.ports ?? [];
  if (endpoint === undefined || ports.some((own) => own.port === port && own.protocol === protocol)) return [];
  const behind = (inventory.services ?? []).flatMap((service) =>
    service.ports
      .filter((own) => own.port === port && own.protocol === protocol && own.targetPort !== port)
      .filter(() => isBehind(endpoint, service))
      .map(
        ({ targetPort }) =>
          `${port} is the port of Service ${service.namespace}/${service.name}, which leads to port ${targetPort} of ${namespace}/${name}`,
      ),
  );
  const named = ports.map((own) => `${own.name} ${own.port}/${own.protocol}`).join(", ");
  return [
    ...behind,
    ...(ports.length > 0 ? [`${namespace}/${name} names no port ${port}/${protocol}; its ports are ${named}`] : []),
  ];
}
