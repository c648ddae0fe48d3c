import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { folderOf } from "../cli/folder.ts";
import { netpolHere } from "../cli/here.ts";
import { assertQuoted, filesIn, quotations } from "../markdown.ts";

const page = "docs/start.md";

describe("The page on how to start", () => {
  const files = filesIn(page);
  const project = "shop/cluster/shop.ts";
  const folder = folderOf(Object.fromEntries([...files].filter(([name]) => name.startsWith("manifests/"))));

  it("quotes what the walk says, and the file that it writes", () => {
    const [quotation, ...more] = quotations(page);
    assert.ok(quotation !== undefined && more.length === 0);
    assertQuoted(netpolHere(folder, ...quotation.words).stdout, quotation);
    assert.equal(`// ${project}\n${readFileSync(join(folder, project), "utf8")}`, files.get(project));
  });

  it("repairs what it says that it repairs", () => {
    const { stdout } = netpolHere(folder, "init", "repaired", "--from", "manifests", "--repair");
    assert.match(stdout, /^Repaired: 1 flow opened$/m);
    assert.match(stdout, /shop\/reports can now reach shop\/api:9000/);
    assert.match(readFileSync(join(folder, "repaired/cluster/shop.ts"), "utf8"), /from\(reports\)\.to\(api\.http\),/);
  });
});
