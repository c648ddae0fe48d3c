import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { version as pulumiVersion } from "@pulumi/pulumi/version.js";
import { version as typescriptVersion } from "typescript";
import type { Ended } from "../cli/command.ts";
import { filesIn, shellBlocks } from "../markdown.ts";
import { type Environment, openEnvironment } from "../toolchain/environment.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { packed } from "./packed.ts";

const run = promisify(execFile);

const page = "docs/your-cluster.md";

/** The page's cluster of one namespace, and its program. */
const project = {
  ...Object.fromEntries(filesIn(page)),
  "engine.ts": `import { compile } from "cilium-network-policies/engine";
export const network = compile([], { cluster: "default", endpoints: [], nodes: [], names: [] });
`,
  "package.json": '{"name":"shop","private":true,"type":"module"}\n',
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      ...{ target: "es2024", module: "nodenext", types: ["node"], strict: true, noEmit: true },
      ...{ allowImportingTsExtensions: true, erasableSyntaxOnly: true, verbatimModuleSyntax: true, skipLibCheck: true },
    },
  }),
};

describe("The npm package, in a project of its own", function () {
  this.timeout("2m");
  const folder = temporaryFolder("shop");

  before("installs the package as npm packs it", async function () {
    this.timeout("10m");
    for (const [name, text] of Object.entries(project)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    await install(folder, await packed(), `@pulumi/pulumi@${pulumiVersion}`, `typescript@${typescriptVersion}`);
  });

  it("brings no second copy of what it shares with the program, and nothing of this cluster", async () => {
    const { stdout } = await run("find", [".", "-path", "*/@pulumi/kubernetes/package.json"], { cwd: folder });
    assert.equal(stdout, "./node_modules/@pulumi/kubernetes/package.json\n");
    const { stdout: files } = await run("find", ["."], { cwd: join(folder, "node_modules/cilium-network-policies") });
    assert.doesNotMatch(files, /\/(test|bench|cluster)\/|argocd|Pulumi\.\w+\.yaml/);
  });

  it("has types that a program compiles with", async () => {
    await run(join(folder, "node_modules/.bin/tsc"), ["-p", folder], { cwd: folder });
  });

  for (const version of ["22.18.0", "24.21.0"]) {
    describe(`on Node.js ${version}`, function () {
      this.timeout("2m");
      let environment: Environment;
      before(async function () {
        this.timeout("10m");
        environment = await openEnvironment("", { node: await nodeOf(version) });
      });
      after(() => environment?.close());

      const ends = (line: string, variables: NodeJS.ProcessEnv = {}): Promise<Ended> =>
        environment.run("sh", ["-c", `exec 2>&1; ${line}`], { cwd: folder, variables });
      const says = async (line: string, what: RegExp): Promise<void> => {
        const { code, stdout } = await ends(line);
        assert.equal(code, 0, `${line}\n${stdout}`);
        assert.match(stdout, what);
      };

      it("runs what the page says: netpol, and a preview that the package's pack judges", async () => {
        await says("node --version", new RegExp(version.replaceAll(".", "\\.")));
        const [, commands = []] = shellBlocks(page, "A project of its own");
        const answers = [/shop\/web +shop\/cart +9000/, /0 errors/, /is written/, /Created stack/, /\+ 7 to create/];
        assert.equal(commands.length, answers.length);
        for (const [index, line] of commands.entries()) await says(line, answers[index] ?? /^$/);
        await says("npx --no-install netpol map -o map.html", /map\.html is written/);
      });

      it("the engine answers a program", () =>
        says("node -e \"import('./engine.ts').then(({ network }) => console.log(network.refused))\"", /\[\]/));
    });
  }

  it("says in a line that an older Node.js cannot run it", async () => {
    const node = await nodeOf("20.20.0");
    const netpol = join(folder, "node_modules/cilium-network-policies/dist/cli/netpol.js");
    await assert.rejects(run(node, [netpol, "list"], { cwd: folder }), {
      code: 2,
      stderr: "netpol needs Node.js 22.18 or newer, and this is 20.20.0\n",
    });
  });
});

/** Installs packages into a folder from npm's cache where it has them. */
const install = (folder: string, ...packages: readonly string[]) =>
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...packages], { cwd: folder });

/** The executable of a version of Node.js, from npm's package of it. */
async function nodeOf(version: string): Promise<string> {
  const folder = temporaryFolder(`node-${version}`);
  await install(folder, `node-${process.platform}-${process.arch}@${version}`);
  return join(folder, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
}
