/** A project as if `npm install` had been run in it, with this repository for the package. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { repository } from "../project.ts";

const name = "cilium-network-policies";
const exported = { ".": "components/index.ts", "./language": "cilium/language.ts" };

/** Node strips types nowhere below `node_modules`, so what is there only leads here. */
export function install(project: string): void {
  const folder = join(project, "node_modules", name);
  mkdirSync(folder, { recursive: true });
  const exports = Object.fromEntries(Object.keys(exported).map((key, index) => [key, `./${index}.js`]));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, type: "module", exports }));
  Object.values(exported).forEach((file, index) => {
    writeFileSync(join(folder, `${index}.js`), `export * from "${pathToFileURL(join(repository, file))}";\n`);
  });
}
