/** What is kept between runs, by the command and by the tests. */
import { homedir } from "node:os";
import { join } from "node:path";

export const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "cilium-network-policies");
