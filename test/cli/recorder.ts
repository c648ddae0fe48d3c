/** Imported before a program, writes the names of the files that it loads into the file that LOADED names. */
import { writeFileSync } from "node:fs";
import { registerHooks } from "node:module";

const loaded: string[] = [];
registerHooks({
  load: (url, context, next) => {
    loaded.push(url);
    return next(url, context);
  },
});
process.once("exit", () => writeFileSync(process.env.LOADED ?? "", loaded.join("\n")));
