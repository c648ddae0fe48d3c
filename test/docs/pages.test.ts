import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { configSchema } from "../../components/config.ts";
import npmPackage from "../../package.json" with { type: "json" };
import { netpol } from "../cli/command.ts";
import { pages, pageText } from "../markdown.ts";
import { repository } from "../project.ts";

describe("The pages", () => {
  it("lead, by every link, to a file and a heading that there are", () => {
    const lost = pages.flatMap((page) =>
      Array.from(pageText(page).matchAll(/\]\(([^)\s:]*)\)/g), ([, target = ""]) => target)
        .filter((target) => !leadsSomewhere(page, target))
        .map((target) => `${page}: ${target}`),
    );
    assert.deepEqual(lost, []);
  });

  it("are all led to from the README", () => {
    const readme = pageText("README.md");
    assert.deepEqual(
      pages.filter((page) => page !== "README.md" && !readme.includes(`](${page})`)),
      [],
    );
  });

  it("begin with a README that is read in one go", () => {
    assert.ok(pageText("README.md").split("\n").length <= 151);
  });

  it("name commands and scripts that there are", () => {
    const [, listed = ""] = /^Commands:\n(.*?)^\n/ms.exec(netpol(repository, "--help").stdout) ?? [];
    const commands = new Set(Array.from(listed.matchAll(/^ {2}([a-z]+) {2,}/gm), ([, name = ""]) => name));
    assert.ok(commands.size > 10, listed);
    const unknown = pages.flatMap((page) => {
      const text = pageText(page);
      const named = [...text.matchAll(/(?:npm run (?:--silent )?netpol --|npx netpol|[`$] ?netpol) ([a-z]+)/g)];
      const scripts = [...text.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, script = ""]) => script);
      return [
        ...named.flatMap(([, name = ""]) => (commands.has(name) ? [] : `${page}: netpol ${name}`)),
        ...scripts.filter((script) => !Object.hasOwn(npmPackage.scripts, script)).map((name) => `${page}: ${name}`),
      ];
    });
    assert.deepEqual(unknown, []);
    const [table = ""] = /^\| command \|.*?\n\n/ms.exec(pageText("README.md")) ?? [];
    assert.deepEqual(
      [...commands].filter((name) => !new RegExp(`\`${name}[ \`]`).test(table)),
      [],
    );
  });

  it("explain every key of the config, with its default", () => {
    const rows = Array.from(pageText("docs/configuration.md").matchAll(/^\| (`\w+`(?:, `\w+`)*) \| (.+?) \| /gm));
    const explained = rows.flatMap(([, keys = "", given = ""]) =>
      Array.from(keys.matchAll(/\w+/g), ([key]) => [key, given] as const),
    );
    const defaults = Object.entries(configSchema.parse({})).map(([key, value]) => [
      key,
      value === "" ? "the usual ones" : `\`${typeof value === "string" ? value : JSON.stringify(value)}\``,
    ]);
    assert.deepEqual(Object.fromEntries(explained), Object.fromEntries(defaults));
  });

  it("show every room of the house", () => {
    const text = pageText("docs/architecture.md");
    const folders = (folder: string) =>
      readdirSync(join(repository, folder), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
        .map(({ name }) => name);
    const top = folders(".").filter((name) => !["node_modules", "dist"].includes(name));
    for (const name of [...top, ...folders("cilium"), ...folders("cilium/reach")]) {
      assert.match(text, new RegExp(`^ *(reach/)?${name}/`, "m"), name);
    }
  });
});

function leadsSomewhere(page: string, target: string): boolean {
  const [path = "", heading] = target.split("#");
  const file = path === "" ? page : join(dirname(page), path);
  if (heading === undefined) return existsSync(join(repository, file));
  const headings = Array.from(pageText(file).matchAll(/^#+ (.+)$/gm), ([, text = ""]) =>
    text
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  );
  return headings.includes(heading);
}
