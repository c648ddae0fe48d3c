/** The package as npm packs it. */
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { repository } from "../project.ts";
import { builtOf, filesIn } from "../toolchain/cache.ts";

const folders = ["cilium", "cli", "components", "map", "policypack"];
const files = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json", "build.ts", "README.md"];

/** Builds and packs this repository, once for all who ask; gives the path of the archive. */
export async function packed(): Promise<string> {
  const sources = (await Promise.all(folders.map((folder) => filesIn(join(repository, folder))))).flat();
  const all = [...sources, ...files.map((file) => join(repository, file))];
  const folder = await builtOf({ name: "package", directory: repository, files: all, settings: [] }, async (folder) => {
    await promisify(execFile)("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: repository });
  });
  const [archive = ""] = await readdir(folder);
  return join(folder, archive);
}
