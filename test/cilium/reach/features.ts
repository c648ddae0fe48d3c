/** The names of the fields, operators, entities and protocols that manifests use. */
export function features(manifests: readonly object[]): Set<string> {
  const found = new Set<string>();
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) {
      if (value.length === 0) found.add(`${path} (empty)`);
      for (const item of value) walk(item, path);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, field] of Object.entries(value)) {
        if (!transparent.has(key)) found.add(`${path} ${key}`.trim());
        walk(field, wordy.has(key) ? key : path);
      }
    } else if (typeof value === "string" && named.has(path)) {
      found.add(`${path} ${value}`);
    }
  };
  for (const manifest of manifests) walk(manifest, "");
  return found;
}

const transparent = new Set(["apiVersion", "metadata", "name", "namespace", "spec"]);
const wordy = new Set(["fromEntities", "toEntities", "protocol", "operator", "kind", "enableDefaultDeny", "mode"]);
const named = new Set(["fromEntities", "toEntities", "protocol", "operator", "kind", "mode"]);
