/** The files of a new project beside `cluster/`: what npm, TypeScript, Pulumi and GitHub need, and a README of one screen. */
import { yaml } from "../../cilium/render/yaml.ts";
import description from "../../package.json" with { type: "json" };

export interface Project {
  /** Of the Pulumi project and the npm package. */
  readonly name: string;
  readonly stack: string;
  /** Where npm gets the dependency from. */
  readonly packageSpec: string;
  /** The stack's config, by key. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Where the files of `cluster/` import the language from. */
export const language = `${description.name}/language`;

/** What a project has only where there is anything to say. */
export interface Parts {
  readonly hasPolicyPack: boolean;
  readonly hasFindings: boolean;
}

/** The files by their paths, seen from the project's folder. */
export const projectFiles = (project: Project, parts: Parts): Map<string, string> =>
  new Map([
    ["package.json", packageText(project)],
    ["tsconfig.json", json(tsconfig)],
    [".node-version", `${description.devDependencies.node}\n`],
    [".gitignore", "node_modules/\nnetwork-map.html\n"],
    ["Pulumi.yaml", yaml(pulumi(project))],
    [`Pulumi.${project.stack}.yaml`, yaml(stackConfig(project))],
    ["index.ts", index],
    [".github/workflows/pull-request.yml", workflow(project)],
    ["README.md", readme(project, parts)],
  ]);

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const packageText = ({ name, packageSpec }: Project): string =>
  json({
    name,
    private: true,
    type: "module",
    engines: description.engines,
    scripts: { check: "tsc", netpol: "netpol" },
    dependencies: { [description.name]: packageSpec },
    devDependencies: {
      "@types/node": description.devDependencies["@types/node"],
      typescript: description.devDependencies.typescript,
    },
    // What Pulumi's packages run when npm installs them.
    allowScripts: { "@pulumi/kubernetes": true, protobufjs: true },
  });

const tsconfig = {
  compilerOptions: {
    target: "es2024",
    module: "nodenext",
    types: ["node"],
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
  },
};

const pulumi = ({ name }: Project) => ({
  name,
  description: "The network policies of a cluster, each flow written once",
  // Node strips the types itself.
  runtime: { name: "nodejs", options: { typescript: false } },
  main: "index.ts",
});

const stackConfig = ({ name, config }: Project) => ({
  config: {
    "pulumi:disable-default-providers": ["kubernetes"],
    ...Object.fromEntries(Object.entries(config).map(([key, value]) => [`${name}:${key}`, value])),
  },
});

const index = `/** The program: the policies of the cluster that cluster/ declares. */
import { loadCluster, networkPolicies } from "${description.name}";

export const { policies, policyCounts, flows, defaultDeny, excluded } = await networkPolicies(
  loadCluster(import.meta.dirname),
);
`;

const pack = `node_modules/${description.name}/policypack`;

const workflow = ({
  stack,
}: Project): string => `# What a change of the policies means, and whether it may be merged. Needs no cluster and no secret.
name: Pull request
on:
  pull_request:

permissions:
  contents: read

jobs:
  policies:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: actions/setup-node@6044e13b5dc448c55e2357c09f80417699197238 # v6.2.0
        with:
          node-version-file: .node-version
          cache: npm
      - run: npm ci
      - run: npm run check
      - name: What is wrong with the policies
        # 1 means that there are findings, as there were before netpol init; without them, let them stop the change.
        run: npx netpol check --stack ${stack} || test $? -eq 1
      - run: npx netpol docs --check --stack ${stack}
      - run: npx netpol test expectations.yaml --stack ${stack}
      - name: What the change means
        # 1 means that there are differences, which is what a pull request is for.
        run: |
          npx netpol diff git:"origin/$BASE" program --stack ${stack} --output md > diff.md || test $? -eq 1
          cat diff.md >> "$GITHUB_STEP_SUMMARY"
        env:
          BASE: \${{ github.base_ref }}
`;

const readme = ({ name, stack }: Project, { hasPolicyPack, hasFindings }: Parts): string => `# ${name}

The network policies of a cluster as a Pulumi program. \`cluster/\` has a file for each namespace, a table of who talks to whom;
both ends of a flow follow from its line. A policy that flows cannot say is kept as it is in \`cluster/verbatim/\`. Written by
\`netpol init\`, which asked the engine that these policies allow what those before them did.

\`\`\`sh
npm install               # commit the package-lock.json that it writes: the workflow installs from it
npx netpol check          # what is wrong, and how much is verbatim
npx netpol list           # who may connect to whom
npx netpol docs           # after a change: docs/network-policies.md and the pack's config
npx netpol test expectations.yaml
\`\`\`

The first update takes the policies over that are in the cluster already:

\`\`\`sh
pulumi stack init ${stack}
pulumi config set adoptExisting true --stack ${stack}
npx netpol preflight --stack ${stack}
pulumi up --stack ${stack} --policy-pack ${pack} --policy-pack-config policypack/cluster.json
pulumi config rm adoptExisting --stack ${stack}
\`\`\`

| file | what |
|---|---|
| \`cluster/\` | the cluster: namespaces, workloads, flows |
${hasPolicyPack ? "| `cluster/policy-pack.ts` | policies that break a rule of the pack as they did before |\n" : ""}| \`expectations.yaml\` | what held when the project was written, for \`netpol test\` |
${hasFindings ? "| `FINDINGS.md` | what was odd about the policies, and which to delete after the first update |\n" : ""}| \`Pulumi.${stack}.yaml\` | the cluster's name and configuration |
| \`.github/workflows/\` | what a pull request has to pass |
`;
