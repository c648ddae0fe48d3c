import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Faults } from "../../cilium/model/faults.ts";
import { loaded } from "../../components/load.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";

describe("Loading the program", () => {
  const folder = join(temporaryFolder("program"), "cluster");
  before(() => {
    mkdirSync(folder);
    writeFileSync(join(folder, "..", "package.json"), '{"type":"module"}');
    writeFileSync(join(folder, "kanidm.ts"), "export const kanidm: number = 1;\n");
  });

  let files = 0;
  /** Imports a namespace's file of that text, which stands between one good line and another. */
  const load = (line: string) => {
    const name = `namespace-${++files}.ts`;
    writeFileSync(join(folder, name), `import { kanidm } from "./kanidm.ts";\n${line}\nexport default kanidm;\n`);
    return { name, result: loaded(import(pathToFileURL(join(folder, name)).href)) };
  };

  it("gives the module", async () => {
    assert.equal((await load("").result).default, 1);
  });

  const faults: Record<string, [line: string, said: RegExp]> = {
    "a name that is not imported": ["grafana;", /:2: grafana is not defined;/],
    "an import of what the other file does not export": [
      'import { grafana } from "./kanidm.ts";',
      /:2: The requested module '\.\/kanidm\.ts' does not provide an export named 'grafana';/,
    ],
    "what is no TypeScript": ["const flows = ;", /:2: Expression expected;/],
    "TypeScript that Node does not run": ["enum Port { web }", /:2: TypeScript enum is not supported/],
    "a call of what is no function": ["const web = kanidm.port(8443);", /:2: kanidm\.port is not a function;/],
  };
  for (const [fault, [line, said]] of Object.entries(faults)) {
    it(`names file and line of ${fault}`, async () => {
      const { name, result } = load(line);
      await assert.rejects(result, (error) => {
        assert.ok(error instanceof Faults);
        assert.match(error.message, said);
        assert.ok(error.message.startsWith(`cluster/${name}:2: `), error.message);
        assert.match(error.message, /^.*; `npm run check` says more$/);
        return true;
      });
    });
  }

  it("says where to look for the place when Node does not tell it", async () => {
    await assert.rejects(load('import { kanidm } from "./kanidm.ts";').result, {
      message: "a file in cluster/: Identifier 'kanidm' has already been declared; `npm run check` says more",
    });
  });

  it("lets the program's own faults and other errors through as they are", async () => {
    const error = new Error("the disk is full");
    await assert.rejects(loaded(Promise.reject(error)), error);
    const faults = new Faults(["argocd: flow …"]);
    await assert.rejects(loaded(Promise.reject(faults)), faults);
  });
});
