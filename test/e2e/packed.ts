/** The package as npm packs it. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { repository } from "../project.ts";

const answerSchema = z.tuple([z.object({ filename: z.string() })]);

/** Builds and packs this repository; gives the path of the archive, which is in `folder`. */
export async function packed(folder: string): Promise<string> {
  const args = ["pack", "--silent", "--json", "--pack-destination", folder];
  const { stdout } = await promisify(execFile)("npm", args, { cwd: repository });
  const [{ filename }] = answerSchema.parse(JSON.parse(stdout));
  return join(folder, filename);
}
