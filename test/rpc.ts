/** Serving Pulumi's gRPC protocols, as the doubles of its plugins do. */
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

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
      callback({ code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
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
