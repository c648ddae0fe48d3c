import fc from "fast-check";
import type { Picture } from "../../map/picture.ts";
import { laidOut } from "./laid-out.ts";
import { apiServer, flow, outside, picture, programMap, workload } from "./pictures.ts";

/** Peers in namespaces that may talk to each other in circles, to the world and to the API server. */
const anyPicture = fc
  .record({
    namespaces: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 7 }),
    pairs: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 }),
  })
  .map(({ namespaces, pairs }): Picture => {
    const workloads = namespaces.flatMap((count, n) =>
      Array.from({ length: count }, (_, i) => workload(`namespace-${n}/workload-${i}`)),
    );
    const peers = [...workloads, outside("world"), outside("github.com"), apiServer];
    const flows = pairs.flatMap(([a, b]) => {
      const from = workloads[a % workloads.length];
      const to = peers[b % peers.length];
      return from === undefined || to === undefined ? [] : [flow(`${from.id} → ${to.id}:${80 + (b % 3)}`)];
    });
    return picture(peers, flows);
  });

describe("the map's layout", function () {
  this.timeout(120_000);

  it("has no card on another, no line through a card or on another line", async () => {
    await laidOut(programMap());
  });

  it("has none for any picture", async () => {
    await fc.assert(
      fc.asyncProperty(anyPicture, async (picture) => {
        await laidOut(picture);
      }),
      { numRuns: 40 },
    );
  });
});
