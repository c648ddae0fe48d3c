/** Loading a project whose packages are not installed yet: this package stands for the one that it will have. */
import { registerHooks } from "node:module";
import { extname } from "node:path";
import { language } from "./files.ts";

/** Does something while files may import the language of a package that is not installed. */
export async function withLanguage<T>(work: () => Promise<T>): Promise<T> {
  const own = new URL(`../../cilium/language${extname(import.meta.url)}`, import.meta.url).href;
  const hooks = registerHooks({
    resolve: (specifier, context, next) => next(specifier === language ? own : specifier, context),
  });
  try {
    return await work();
  } finally {
    hooks.deregister();
  }
}
