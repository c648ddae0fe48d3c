/** Maps that are open in a browser, and what can be asked of them. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { page as render } from "../../../map/page.ts";
import type { Picture } from "../../../map/picture.ts";
import { temporaryFolder } from "../../toolchain/lifetime.ts";
import { startChromium } from "./chromium.ts";

export type Open = (picture: Picture, options?: BrowserContextOptions, hash?: string) => Promise<Page>;

/**
 * For a suite: its browser, and the way to open a picture's map in a window of 1440 × 900. After each test no page may
 * have thrown, said something on its console or asked the network for anything.
 */
export function openedMaps(): Open {
  const folder = temporaryFolder("map");
  const urls = new Map<Picture, string>();
  const complaints: string[] = [];
  let browser: Browser | undefined;

  before(async () => {
    browser = await startChromium();
  });
  afterEach(() => assert.deepEqual(complaints.splice(0), []));
  after(() => browser?.close());

  async function write(picture: Picture): Promise<string> {
    const file = join(folder, `${urls.size}.html`);
    writeFileSync(file, await render(picture));
    return pathToFileURL(file).href;
  }

  return async (picture, options = {}, hash = "") => {
    assert.ok(browser, "the browser runs");
    const url = urls.get(picture) ?? (await write(picture));
    urls.set(picture, url);
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...options });
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      if (request.url() !== url && !request.url().startsWith("data:font/")) complaints.push(request.url());
    });
    await page.goto(`${url}${hash}`);
    return page;
  };
}

/** The card of a peer by its id. */
export const card = (page: Page, id: string): Locator => page.locator(`.card[aria-label^="${id}:"]`);

/** The ids of the cards that a selector finds, in order of the alphabet. */
export const ids = (page: Page, selector: string): Promise<string[]> =>
  page.$$eval(selector, (cards) => cards.map((one) => one.getAttribute("aria-label")?.split(":")[0] ?? "").sort());

/** The lines that are drawn, all or those of one kind. */
export const lines = (page: Page, kind = ""): Locator => page.locator(`g.line.shown${kind && `.${kind}`}`);
