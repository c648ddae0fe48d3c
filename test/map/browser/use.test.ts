import assert from "node:assert/strict";
import { page as render } from "../../../map/page.ts";
import { flow, outside, picture, programMap, workload } from "../pictures.ts";
import { card, ids, lines, openedMaps } from "./opened.ts";

describe("using the map in a browser", function () {
  this.timeout(120_000);

  const open = openedMaps();
  const prod = programMap();

  it("is loaded in less than a second, from a file, without a request", async () => {
    const page = await open(prod);
    const loaded = await page.evaluate(() => performance.getEntriesByType("navigation").map((entry) => entry.duration));
    assert.ok(
      loaded.every((duration) => duration > 0 && duration < 1000),
      `loaded in ${loaded} ms`,
    );
  });

  it("opens a workload's tables, purposes and policies with a click", async () => {
    const page = await open(prod);
    await card(page, "monitoring/grafana").click();
    const panel = page.getByRole("complementary", { name: "Selected peer" });
    assert.equal(await panel.getByRole("heading", { level: 2 }).textContent(), "grafana");
    const egress = panel.locator("table.egress tr", { hasText: "postgres" });
    assert.match((await egress.textContent()) ?? "", /postgres data5432.*Dashboards/);
    assert.match(
      (await panel.locator("table.ingress tr", { hasText: "gateway" }).textContent()) ?? "",
      /3000.*L7 HTTP/,
    );
    await panel.getByText("monitoring/grafana").click();
    // The browser tells the page of opened details, and of a step back, when it comes to it.
    await panel
      .locator("details[open] pre", { hasText: /kind: CiliumNetworkPolicy\s+metadata:\s+name: grafana/ })
      .waitFor();
    assert.equal(new URL(page.url()).hash, "#monitoring%2Fgrafana");
    await egress.getByRole("button").click();
    assert.equal(await panel.getByRole("heading", { level: 2 }).textContent(), "postgres");
    await page.goBack();
    await panel.getByRole("heading", { level: 2, name: "grafana" }).waitFor();
    await panel.getByRole("button", { name: "Close" }).click();
    assert.equal(await panel.isVisible(), false);
  });

  it("brings out who is joined with a workload, and by which ports", async () => {
    const page = await open(prod, {}, "#argocd%2Fredis");
    assert.deepEqual(await ids(page, ".card.lit"), ["argocd/redis", "argocd/repo-server", "argocd/server"]);
    const ports = await page.$$eval("text.ports", (texts) =>
      texts.filter((text) => getComputedStyle(text).display !== "none").map((text) => text.textContent),
    );
    assert.deepEqual(ports, ["6379", "6379"]);
  });

  it("says the ports of a line under the pointer, protocols told apart", async () => {
    const shown = picture(
      [workload("shop/web"), workload("data/dns")],
      [{ ...flow("shop/web → data/dns:53"), ports: ["53/UDP", "53/TCP", "9153/TCP"] }],
    );
    const page = await open(shown);
    const ports = page.locator("text.ports:visible");
    assert.deepEqual(await ports.allTextContents(), []);
    await page.locator("g.line").hover();
    assert.deepEqual(await ports.allTextContents(), ["53/TCP+UDP,…", "53/TCP+UDP,…"]);
    assert.equal(await page.locator("g.line title").textContent(), "web → dns: 53/TCP+UDP, 9153");
    await card(page, "shop/web").hover();
    assert.equal(await ports.count(), 1);
  });

  it("follows what a workload can reach, and what it can be reached by, over other workloads", async () => {
    const page = await open(prod, {}, "#booking%2Ftunnel");
    await page.getByRole("radio", { name: "Can reach" }).check();
    const reached = await ids(page, ".card.lit");
    for (const id of ["booking/web", "data/postgres", "argocd/redis", "identity/login"]) {
      assert.ok(reached.includes(id), `${id} can be reached`);
    }
    assert.ok(!reached.includes("monitoring/prometheus"));
    assert.match((await page.locator(".trace").textContent()) ?? "", /2 flows away.*data\/postgres/);
    await page.getByRole("radio", { name: "Reached by" }).check();
    assert.deepEqual(await ids(page, ".card.lit"), ["booking/tunnel"]);
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#panel").isVisible(), false, "Escape leaves the panel too");
  });

  it("searches from anywhere with /, and goes from match to match with Enter", async () => {
    const page = await open(prod);
    await page.keyboard.press("/");
    await page.keyboard.type("controller");
    assert.deepEqual(await ids(page, ".card.match"), ["data/controller", "jobs/controller"]);
    assert.equal(await page.getByRole("status").textContent(), "2 found");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    assert.deepEqual(await ids(page, '.card[aria-selected="true"]'), ["jobs/controller"]);
    await page.keyboard.press("Escape");
    assert.deepEqual(await ids(page, ".card.match"), []);
  });

  it("finds external peers by any name that they stand for", async () => {
    const page = await open(prod);
    await page.getByRole("searchbox").fill("charts.example");
    assert.equal(await page.locator(".card.match").count(), 1);
    await page.getByRole("searchbox").fill("no such thing");
    assert.equal(await page.getByRole("status").textContent(), "0 found");
  });

  it("is used without a mouse: Tab, arrow keys, Enter and Escape", async () => {
    const page = await open(prod);
    await card(page, "argocd/server").focus();
    await page.keyboard.press("ArrowDown");
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label")?.split(":")[0]);
    assert.equal(await focused(), "argocd/repo-server");
    const stroke = await card(page, "argocd/repo-server")
      .locator(".plate")
      .evaluate((plate) => getComputedStyle(plate).strokeWidth);
    assert.equal(stroke, "3px", "the focus can be seen");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    assert.deepEqual(await ids(page, '.card[aria-selected="true"]'), ["argocd/server"]);
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#panel").isVisible(), false);
    assert.equal(await focused(), "argocd/server");
    assert.equal(await page.locator('.card[tabindex="0"]').count(), 1, "the map is one stop of the Tab key");
  });

  it("comes to every card with the arrow keys alone", async () => {
    const page = await open(prod);
    const reachable = await page.evaluate(() => {
      const seen = new Set<Element>();
      const press = (from: SVGElement, key: string) => {
        from.focus();
        from.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        return document.activeElement;
      };
      const first = document.querySelector('.card[tabindex="0"]');
      const queue = first === null ? [] : [first];
      for (const at of queue) {
        if (seen.has(at) || !(at instanceof SVGElement)) continue;
        seen.add(at);
        for (const key of ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]) {
          const next = press(at, key);
          if (next !== null) queue.push(next);
        }
      }
      return seen.size;
    });
    assert.equal(reachable, prod.peers.length);
  });

  it("filters by port, between namespaces and to the outside, in the list as well", async () => {
    const page = await open(prod);
    await page.getByRole("radio", { name: "Cross-namespace" }).check();
    assert.equal(await lines(page).count(), await lines(page, "across").count());
    assert.ok((await ids(page, ".card.off")).includes("data/index"));
    await page.getByRole("combobox", { name: "Port" }).selectOption("5432/TCP");
    assert.equal(await lines(page).count(), 3);
    await page.getByRole("radio", { name: "List" }).check();
    const rows = page.locator("#list tbody tr:visible");
    assert.deepEqual((await rows.allTextContents()).map((text) => text.replace(/ .*/, "")).sort(), [
      "controller",
      "grafana",
      "web",
    ]);
    await page.getByRole("radio", { name: "External" }).check();
    assert.equal(await rows.count(), 0);
    await page.getByRole("combobox", { name: "Port" }).selectOption("");
    assert.ok((await rows.allTextContents()).some((text) => text.includes("pager.example")));
  });

  it("lists every flow as a table, for those who would rather read", async () => {
    const page = await open(prod);
    await page.getByRole("radio", { name: "List" }).check();
    assert.equal(await page.locator("#map").isVisible(), false);
    assert.equal(await page.locator("#list tbody tr:visible").count(), prod.flows.length);
    await page.locator("#list").getByRole("button", { name: "prometheus" }).first().click();
    assert.equal(await page.locator("#panel h2").textContent(), "prometheus");
  });

  it("zooms and pans, and shows all again", async () => {
    const page = await open(prod);
    const width = async () => (await card(page, "data/index").boundingBox())?.width ?? 0;
    const whole = await width();
    await page.getByRole("button", { name: "Zoom in" }).click();
    assert.ok((await width()) > whole * 1.2);
    await page.mouse.move(600, 500);
    await page.mouse.down();
    await page.mouse.move(700, 560, { steps: 4 });
    await page.mouse.up();
    assert.equal(await page.locator("#panel").isVisible(), false, "a drag selects nothing");
    await page.getByRole("button", { name: "Show all" }).click();
    assert.ok(Math.abs((await width()) - whole) < 0.5);
  });

  it("shows names as they are, whatever they try", async () => {
    const nasty = `</script><img src=x onerror="document.title='taken'">`;
    const shown = picture(
      [
        { ...workload("shop/web"), label: nasty },
        { ...outside(nasty), names: [nasty] },
      ],
      [{ ...flow("shop/web → x:1"), to: nasty, purpose: nasty }],
    );
    const page = await open(shown, {}, "#shop%2Fweb");
    assert.equal(await page.locator("#panel h2").textContent(), nasty);
    assert.equal(await page.locator("img").count(), 0);
    assert.match(await page.title(), /^Network map/);
  });

  it("is the same file for the same picture", async () => {
    assert.equal(await render(programMap()), await render(programMap()));
  });
});
