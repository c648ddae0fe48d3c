/**
 * A double of Pulumi's Node language host, for machines that cannot have the genuine one. It starts a program as that does:
 * by the SDK's own `cmd/run`, in a process of its own, with the same arguments and environment (pulumi/pulumi,
 * sdk/nodejs/cmd/pulumi-language-nodejs/main.go). The CLI reaches it by `PULUMI_DEBUG_LANGUAGES=nodejs:<port>`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import type * as request from "@pulumi/pulumi/proto/language_pb.js";
import rpc from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import { version } from "@pulumi/pulumi/version.js";
import { answer, serve } from "../rpc.ts";

/** What `cmd/run` exits with after it has told the user what is wrong. */
const alreadySaid = 32;

export type LanguageHost = {
  readonly port: number;
  /** Stops serving, and the programs that still run. */
  stop(): void;
};

/**
 * Serves the double until it is stopped.
 * @param environment what the CLI's environment has beside this process's, which programs inherit
 * @param node the Node.js that runs programs
 */
export async function serveLanguageHost(
  environment: Readonly<Record<string, string>>,
  node: string,
): Promise<LanguageHost> {
  let engine = "";
  const programs = new Set<ChildProcess>();

  async function run(call: request.RunRequest, cancelled: AbortSignal): Promise<request.RunResponse> {
    const info = call.getInfo() ?? new rpc.ProgramInfo();
    const folder = info.getProgramDirectory();
    const options = {
      monitor: call.getMonitorAddress(),
      engine,
      organization: call.getOrganization(),
      project: call.getProject(),
      "root-directory": info.getRootDirectory(),
      stack: call.getStack(),
      pwd: folder,
      parallel: String(call.getParallel()),
    };
    const config = call.getConfigMap().toArray();
    const program = spawn(
      node,
      [
        createRequire(join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run/index.js"),
        ...Object.entries(options).flatMap(([name, value]) => (value === "" ? [] : [`--${name}`, value])),
        ...(call.getDryrun() ? ["--dry-run"] : []),
        info.getEntryPoint(),
        ...call.getArgsList(),
      ],
      {
        stdio: ["ignore", "inherit", "inherit"],
        signal: cancelled,
        killSignal: "SIGINT",
        env: {
          ...process.env,
          ...environment,
          PULUMI_CONFIG: JSON.stringify(Object.fromEntries(config.map(([key, value]) => [oldKey(key), value]))),
          PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(call.getConfigsecretkeysList()),
        },
      },
    );
    programs.add(program);
    const [code] = await once(program, "exit").finally(() => programs.delete(program));
    if (code === 0) return new rpc.RunResponse();
    if (code === alreadySaid) return new rpc.RunResponse().setBail(true);
    return new rpc.RunResponse().setError(`Program exited with non-zero exit code: ${code}`);
  }

  const { port, stop } = await serve(LanguageRuntimeService, {
    handshake: answer((call: request.LanguageHandshakeRequest) => {
      engine = call.getEngineAddress();
      return new rpc.LanguageHandshakeResponse();
    }),
    getPluginInfo: answer(() => new plugin.PluginInfo().setVersion(version)),
    getRequiredPackages: answer(() => new rpc.GetRequiredPackagesResponse()),
    getRequiredPlugins: answer(() => new rpc.GetRequiredPluginsResponse()),
    run: answer(run),
  });
  return {
    port,
    stop: () => {
      for (const program of programs) program.kill();
      stop();
    },
  };
}

/** A config key as the SDK reads it: `project:config:name`. */
const oldKey = (key: string) => key.replace(":", ":config:");
