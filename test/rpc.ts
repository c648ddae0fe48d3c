/** Serving Pulumi's gRPC protocols, as the doubles of its plugins do. */
import {
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import google from "@pulumi/pulumi/proto/status_pb.js";
import type { Message } from "google-protobuf";
import any from "google-protobuf/google/protobuf/any_pb.js";

/** An error of which a protocol says more than its text, in a message of the type named. */
export class DetailedError extends Error {
  readonly metadata = new Metadata();

  constructor(text: string, type: string, detail: Message) {
    super(text);
    const details = new any.Any();
    details.pack(detail.serializeBinary(), type);
    const said = new google.Status().setCode(status.UNKNOWN).setMessage(text).setDetailsList([details]);
    // By this name gRPC's other implementations read such messages.
    this.metadata.add("grpc-status-details-bin", Buffer.from(said.serializeBinary()));
  }
}

/**
 * A method of a service.
 * @param reply what it throws becomes the error that the engine shows; the signal is given when the engine waits no longer
 */
export const answer =
  <Call, Reply>(
    reply: (request: Call, cancelled: AbortSignal) => Reply | Promise<Reply>,
  ): handleUnaryCall<Call, Reply> =>
  async (call, callback) => {
    const abort = new AbortController();
    call.on("cancelled", () => abort.abort());
    try {
      callback(null, await reply(call.request, abort.signal));
    } catch (error) {
      callback({
        code: status.UNKNOWN,
        details: error instanceof Error ? error.message : String(error),
        ...(error instanceof DetailedError && { metadata: error.metadata }),
      });
    }
  };

/** Serves at a free port of 127.0.0.1. */
export async function serve(
  service: ServiceDefinition,
  methods: UntypedServiceImplementation,
): Promise<{ readonly port: number; stop(): void }> {
  const server = new Server();
  server.addService(service, methods);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
  return { port, stop: () => server.forceShutdown() };
}
