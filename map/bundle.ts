/** The script and the style sheet that run in the page, each in one piece, the fonts inside. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const bundleSchema = z.strictObject({ script: z.string(), style: z.string() });

export type Bundle = Readonly<z.infer<typeof bundleSchema>>;

/** What `writeBundle` left beside this file: the package has it, the repository makes it anew for each page. */
const built = new URL("bundle.json", import.meta.url);

export const bundle = async (): Promise<Bundle> =>
  existsSync(built) ? bundleSchema.parse(JSON.parse(readFileSync(built, "utf8"))) : make();

/** Writes the bundle, for a package that brings neither the sources nor what bundles them. */
export async function writeBundle(file: string): Promise<void> {
  writeFileSync(file, JSON.stringify(await make()));
}

async function make(): Promise<Bundle> {
  const { build } = await import("esbuild");
  const [script, style] = await Promise.all(
    ["browser/main.ts", "browser/style.css"].map(async (entry) => {
      const { outputFiles } = await build({
        entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
        bundle: true,
        minify: true,
        write: false,
        format: "iife",
        globalName: "netpolMap",
        target: "es2022",
        charset: "utf8",
        loader: { ".woff2": "dataurl" },
        // The compiler's settings are for checking types.
        tsconfigRaw: {},
        logLevel: "silent",
      });
      return outputFiles[0]?.text ?? "";
    }),
  );
  return { script: script ?? "", style: style ?? "" };
}
