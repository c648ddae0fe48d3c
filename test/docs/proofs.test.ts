import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { folderOf } from "../cli/folder.ts";
import { assertQuoted, filesIn, quotations } from "../markdown.ts";
import { compileCache, repository } from "../project.ts";

const page = "docs/proofs.md";

describe("The page on proofs quotes what netpol says", () => {
  for (const quotation of quotations(page)) {
    it(`netpol ${quotation.words.join(" ")}`, () => {
      const { stdout, stderr } = spawnSync(process.execPath, [join(repository, "cli/netpol.js"), ...quotation.words], {
        cwd: folderOf(Object.fromEntries(filesIn(page))),
        encoding: "utf8",
        env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
      });
      assertQuoted(stdout + stderr, quotation);
    });
  }
});
