/** Runs resources against Pulumi's mocks and records what they register, dependencies and parents included. */
import type * as grpc from "@grpc/grpc-js";
import { runtime } from "@pulumi/pulumi";
import type resproto from "@pulumi/pulumi/proto/resource_pb.js";
import { MockMonitor, type MockResourceArgs } from "@pulumi/pulumi/runtime/mocks.js";
import { disconnect, setMockOptions } from "@pulumi/pulumi/runtime/settings.js";

export interface Registration {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly parent: string;
  readonly provider: string;
  readonly dependencies: readonly string[];
  readonly inputs: unknown;
}

/** The mocks' monitor, which forgets dependencies, parents and providers unless somebody writes them down. */
class RecordingMonitor extends MockMonitor {
  readonly recorded: Registration[] = [];

  override async registerResource(
    req: resproto.RegisterResourceRequest,
    done: grpc.requestCallback<resproto.RegisterResourceResponse>,
  ) {
    await super.registerResource(req, (error: grpc.ServiceError | null, answer?: resproto.RegisterResourceResponse) => {
      this.recorded.push({
        type: req.getType(),
        name: req.getName(),
        urn: answer?.getUrn() ?? "",
        parent: req.getParent(),
        provider: req.getProvider(),
        dependencies: req.getDependenciesList(),
        inputs: req.getObject()?.toJavaScript(),
      });
      done(error, answer);
    });
  }
}

/** The API server as the mocks play it: gives every object a uid and its first generation. */
function stored({ inputs, name }: MockResourceArgs) {
  const metadata = { ...inputs.metadata, uid: `uid-of-${name}`, generation: 1 };
  return { id: name, state: { ...inputs, ...(inputs.metadata !== undefined && { metadata }) } };
}

/** All registrations that `register` causes, in the order in which they arrived. */
export async function registrations(register: () => unknown): Promise<Registration[]> {
  const mocks = { newResource: stored, call: () => ({}) };
  await runtime.setMocks(mocks);
  const monitor = new RecordingMonitor(mocks);
  setMockOptions(monitor, "network-policies", "prod");
  await register();
  await disconnect();
  return monitor.recorded;
}
