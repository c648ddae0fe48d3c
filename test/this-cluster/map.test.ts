import assert from "node:assert/strict";
import { programPicture } from "../../map/program.ts";
import { laidOut } from "../map/laid-out.ts";
import { program } from "./rendered.ts";

describe("The map of this cluster", function () {
  this.timeout(60_000);

  it("has a screen's shape, and no line through a card or on another line", async () => {
    const { bounds } = await laidOut(programPicture("stack prod", program.cluster, program.policies));
    const shape = bounds.width / bounds.height;
    assert.ok(shape > 1.4 && shape < 2.2, `${Math.round(bounds.width)} × ${Math.round(bounds.height)}`);
  });
});
