import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { largePicture } from "../pictures.ts";
import { card, ids, lines, openedMaps } from "./opened.ts";

describe("the map of 2,000 workloads in a browser", function () {
  this.timeout(120_000);

  const open = openedMaps();
  const large = largePicture(100);
  const visible = (page: Page, selector: string) =>
    page.$$eval(selector, (found) =>
      found.filter((one) => getComputedStyle(one).display !== "none").map((one) => one.textContent),
    );

  it("opens in less than three seconds, from a file of at most 20 MB", async () => {
    const page = await open(large);
    const { size } = statSync(fileURLToPath(page.url()));
    assert.ok(size < 20e6, `${size} bytes`);
    const loaded = await page.evaluate(() => performance.getEntriesByType("navigation").map((entry) => entry.duration));
    assert.ok(
      loaded.every((duration) => duration > 0 && duration < 3000),
      `loaded in ${loaded} ms`,
    );
  });

  it("shows its namespaces first: how many workloads and pods, and how far they are in default deny", async () => {
    const page = await open(large);
    assert.equal(await page.locator(".card.namespace").count(), 100);
    assert.equal(await page.locator(".card.workload").count(), 0);
    assert.match((await card(page, "space-7").textContent()) ?? "", /space-720 workloads, 39 pods$/);
    assert.match((await card(page, "space-7").getAttribute("aria-label")) ?? "", /all in default deny/);
    assert.match(
      (await card(page, "space-1").getAttribute("aria-label")) ?? "",
      /15 of 20 in default deny in both directions/,
    );
    assert.equal(await page.locator(".card.outside").count(), 12, "the rest is one card");
    assert.match((await page.locator(".card.outside").last().textContent()) ?? "", /89 more$/);
  });

  it("writes no text wider than its card", async () => {
    const page = await open(large);
    const wide = await page.$$eval(".card.namespace", (cards) =>
      cards.flatMap((card) => {
        const plate = card.querySelector("rect")?.width.baseVal.value ?? 0;
        const mark = card.querySelector<SVGGraphicsElement>(".deny")?.getBBox().x ?? 0;
        const [name, content] = [...card.querySelectorAll("text")].map((text) => text.getBBox());
        const fits = name && content && name.x + name.width < mark && content.x + content.width < plate;
        return fits ? [] : [card.textContent];
      }),
    );
    assert.deepEqual(wide, []);
  });

  it("counts the flows between two namespaces", async () => {
    const page = await open(large);
    assert.equal(await lines(page, "across").count(), 100, "one arrow for each pair");
    await card(page, "space-7").hover();
    assert.deepEqual(await visible(page, "text.ports.direct.ahead.at-to"), ["20 flows", "4 flows", "1 flow"]);
    assert.deepEqual(await visible(page, "text.ports.direct.behind.at-from"), ["4 flows"]);
  });

  it("opens a namespace among those that it talks to, and leads back", async () => {
    const page = await open(large);
    await card(page, "space-7").click();
    assert.equal(await page.locator(".card.workload").count(), 20);
    assert.deepEqual(await ids(page, ".card.namespace"), ["space-0", "space-6", "space-8"]);
    assert.equal(await page.locator(".card.outside").textContent(), "api-7.exampleapi-7.example");
    assert.equal(new URL(page.url()).hash, "#space-7%2F");
    assert.equal(await page.locator("#opened").textContent(), "space-7");
    assert.match((await card(page, "space-7/app-7-2").textContent()) ?? "", /app-7-2×3$/);
    await card(page, "space-8").click();
    assert.equal(await page.locator("#opened").textContent(), "space-8");
    await page.goBack();
    await page.locator("#opened", { hasText: "space-7" }).waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(".card.namespace").count(), 100);
    const focused = await page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
    assert.match(focused ?? "", /^space-7:/);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "All namespaces" }).click();
    assert.equal(await page.locator(".card.namespace").count(), 100);
  });

  it("finds a workload in a closed namespace, and opens it", async () => {
    const page = await open(large);
    await page.keyboard.press("/");
    await page.keyboard.type("app-42-1");
    assert.equal(await page.getByRole("status").textContent(), "11 found");
    assert.deepEqual(await ids(page, ".card.match"), ["space-42"]);
    await page.keyboard.press("Enter");
    assert.deepEqual(await ids(page, '.card[aria-selected="true"]'), ["space-42/app-42-1"]);
    const panel = page.locator("#panel");
    assert.equal(await panel.locator("h2").textContent(), "app-42-1");
    assert.match((await panel.locator("table.egress").textContent()) ?? "", /app-0-0 space-053\/TCP\+UDP/);
    await page.keyboard.press("Enter");
    assert.deepEqual(await ids(page, '.card[aria-selected="true"]'), ["space-42/app-42-10"]);
  });

  it("follows what a workload can reach into namespaces that are closed", async () => {
    const page = await open(large, {}, "#space-98%2Fapp-98-15");
    await page.getByRole("radio", { name: "Can reach" }).check();
    const reached = (await page.locator(".trace dd button").allTextContents()).filter((id) =>
      id.startsWith("space-99/"),
    );
    assert.deepEqual(
      reached,
      [16, 17, 18, 19].map((i) => `space-99/app-99-${i}`),
    );
    assert.ok((await ids(page, ".card.lit")).includes("space-99"));
    await page.locator(".trace dd button", { hasText: "space-99/app-99-17" }).click();
    assert.equal(await page.locator("#opened").textContent(), "space-99");
  });

  it("shows what is folded away, and keeps it in view when it is chosen", async () => {
    const page = await open(large);
    await page.locator(".card.outside", { hasText: "89 more" }).click();
    assert.equal(await page.locator("#panel .folded li").count(), 89);
    await page.locator("#panel .folded button").last().click();
    assert.match((await page.locator("#panel table.ingress").textContent()) ?? "", /app-99-19 space-99443/);
    assert.deepEqual(await ids(page, '.card[aria-selected="true"]'), ["other peers outside the cluster"]);
  });

  it("lists the flows of the sheet, between namespaces as numbers", async () => {
    const page = await open(large);
    await page.getByRole("radio", { name: "List" }).check();
    const rows = page.locator("#list tbody tr:visible");
    assert.ok((await rows.allTextContents()).includes("space-7space-854324 flows"));
    await page.getByRole("radio", { name: "Map" }).check();
    await card(page, "space-7").click();
    await page.getByRole("radio", { name: "List" }).check();
    assert.ok((await rows.allTextContents()).some((text) => /app-7-0 space-7app-8-1 space-85432/.test(text)));
  });
});
