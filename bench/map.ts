/**
 * How long `netpol map` takes for made-up clusters, how large its file is, and how soon a browser has it open and a
 * namespace in it: `node bench/map.ts`.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { certain, flowsOf } from "../cli/flows.ts";
import { page } from "../map/page.ts";
import { reachPicture } from "../map/reach.ts";
import { startChromium } from "../test/map/browser/chromium.ts";
import { connectedPoliciesOf, inventoryOfSize } from "./generated.ts";

const sizes = [260, 1000, 2040];
const runs = 5;

const folder = mkdtempSync(join(tmpdir(), "bench-map-"));
const browser = await startChromium();
try {
  const rows = [];
  for (const size of sizes) rows.push(await measure(size));
  console.table(rows);
  console.log(
    `Seconds; those in the browser are medians of ${runs} runs: from the request for the file until a frame is`,
  );
  console.log("painted, and from the key that opens a namespace until its sheet is painted.");
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}

async function measure(size: number) {
  const start = performance.now();
  const inventory = inventoryOfSize(size);
  const pods = new Map(inventory.endpoints.map(({ namespace, name }, i) => [`${namespace}/${name}`, 1 + (i % 4)]));
  const version = { title: "bench", policies: connectedPoliciesOf(size), inventory, pods };
  const picture = reachPicture(version, flowsOf(version).map(certain), undefined, () => "");
  const judged = performance.now();
  const html = await page(picture);
  const drawn = performance.now();
  const file = join(folder, `${size}.html`);
  writeFileSync(file, html);
  const opened = [];
  for (let run = 0; run < runs; run++) opened.push(await open(browser, file));
  const namespaces = new Set(inventory.endpoints.map(({ namespace }) => namespace)).size;
  return {
    workloads: size,
    namespaces,
    policies: version.policies.length,
    flows: picture.flows.length,
    "judge s": seconds(judged - start),
    "draw s": seconds(drawn - judged),
    "file MB": Number((Buffer.byteLength(html) / 1e6).toFixed(1)),
    "open s": seconds(median(opened.map(({ usable }) => usable))),
    "open namespace s": seconds(median(opened.map(({ namespace }) => namespace))),
  };
}

/** Milliseconds. */
async function open(browser: Browser, file: string): Promise<{ readonly usable: number; readonly namespace: number }> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const start = performance.now();
  await page.goto(pathToFileURL(file).href);
  await page.evaluate("new Promise(requestAnimationFrame)");
  const usable = performance.now() - start;
  const card = page.locator(".card").nth(8);
  await card.focus();
  const pressed = performance.now();
  await page.keyboard.press("Enter");
  await page.evaluate("new Promise(requestAnimationFrame)");
  const namespace = performance.now() - pressed;
  await page.close();
  return { usable, namespace };
}

function seconds(milliseconds: number): number {
  return Number((milliseconds / 1000).toFixed(2));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
