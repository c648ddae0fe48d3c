/** Before anything is read; apart from the reader, since who reads nothing has no need of its schemas. */
import type { Lists, Objects } from "./read.ts";

/** Lists to be filled. */
export const emptyLists = (): Lists => ({
  policies: [],
  unplaced: [],
  malformed: [],
  pods: [],
  workloads: [],
  jobs: [],
  cronJobs: [],
  namespaces: [],
  nodes: [],
  cidrGroups: [],
  services: [],
  endpointSlices: [],
  endpoints: [],
  ciliumConfigs: [],
  others: [],
  leftOut: [],
});

export const noObjects: Objects = {
  ...emptyLists(),
  known: new Set(),
  twice: [],
  files: [],
  positions: new Map(),
  notes: [],
};
