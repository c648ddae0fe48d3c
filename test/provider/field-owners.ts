/** Whose fields of an object the Kubernetes provider makes its own before it applies that object. */
import { type FieldOwner, fieldOwner, type KubernetesObject } from "./kubernetes-api.ts";

/** Who creates an object for the provider; whoever updates it later takes that over too. */
export const creator = "pulumi-kubernetes";

/** The owners of a stored object. */
export const ownersOf = ({ metadata: { managedFields = [] } }: KubernetesObject): FieldOwner[] =>
  fieldOwner.array().parse(managedFields);

/** Whether the provider takes over from an owner: kubectl in any way of using it, and itself where it created the object. */
export const givesWay = ({ manager, operation, subresource }: FieldOwner): boolean =>
  subresource === undefined &&
  (manager.startsWith("kubectl") || (operation === "Update" && manager.startsWith(creator)));

/** The owners once those that give way have left their fields to one who applies. */
export function takenOver(owners: readonly FieldOwner[], fieldManager: string): FieldOwner[] {
  const merged = (owner: FieldOwner) =>
    givesWay(owner) || (owner.manager === fieldManager && owner.operation === "Apply");
  const [first, ...more] = owners.filter(merged);
  if (first === undefined) return [...owners];
  const fieldsV1 = more.reduce((fields, owner) => union(fields, owner.fieldsV1), first.fieldsV1);
  const { apiVersion, fieldsType } = first;
  return [
    ...owners.filter((owner) => !merged(owner)),
    { manager: fieldManager, operation: "Apply", apiVersion, fieldsType, fieldsV1 },
  ];
}

type Fields = FieldOwner["fieldsV1"];

/** A set of fields is a tree of them. */
function union(a: Fields, b: Fields): Fields {
  const both = Object.entries(b).map(([key, field]) => {
    const other = a[key];
    return [key, isTree(other) && isTree(field) ? union(other, field) : field];
  });
  return { ...a, ...Object.fromEntries(both) };
}

const isTree = (field: Fields[string] | undefined): field is Fields =>
  typeof field === "object" && field !== null && !Array.isArray(field);
