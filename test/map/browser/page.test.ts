import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { page as render } from "../../../map/page.ts";
import type { Picture } from "../../../map/picture.ts";
import { fitted, textWidth } from "../../../map/text.ts";
import { temporaryFolder } from "../../toolchain/lifetime.ts";
import { apiServer, flow, outside, picture, programMap, workload } from "../pictures.ts";
import { startChromium } from "./chromium.ts";

describe("the map in a browser", function () {
  this.timeout(120_000);

  let browser: Browser;
  const urls = new Map<Picture, string>();
  const folder = temporaryFolder("map");
  const prod = programMap();

  /** What a page said on its console, threw or asked the network for: nothing, if it is as it should be. */
  const complaints: string[] = [];

  async function open(shown: Picture = prod, options: BrowserContextOptions = {}, hash = ""): Promise<Page> {
    const url = urls.get(shown) ?? (await write(shown));
    urls.set(shown, url);
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...options });
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      if (request.url() !== url && !request.url().startsWith("data:font/")) complaints.push(request.url());
    });
    await page.goto(`${url}${hash}`);
    return page;
  }

  async function write(shown: Picture): Promise<string> {
    const file = join(folder, `${urls.size}.html`);
    writeFileSync(file, await render(shown));
    return pathToFileURL(file).href;
  }

  const card = (page: Page, id: string) => page.locator(`.card[aria-label^="${id}:"]`);
  const names = (page: Page, selector: string): Promise<string[]> =>
    page.$$eval(selector, (cards) => cards.map((one) => one.getAttribute("aria-label")?.split(":")[0] ?? "").sort());
  const shownLines = (page: Page, kind = ""): Promise<number> =>
    page.locator(`.line.shown[data-line]${kind && `.${kind}`}`).count();

  before(async () => {
    browser = await startChromium();
  });

  afterEach(() => assert.deepEqual(complaints.splice(0), []));

  after(() => browser?.close());

  it("is loaded in less than a second, from a file, without a request", async () => {
    const page = await open();
    const loaded = await page.evaluate(() => performance.getEntriesByType("navigation").map((entry) => entry.duration));
    assert.ok(
      loaded.every((duration) => duration > 0 && duration < 1000),
      `loaded in ${loaded} ms`,
    );
  });

  it("shows every workload and every flow that is no hub's", async () => {
    const page = await open();
    assert.equal(
      await page.locator(".card.workload").count(),
      prod.peers.filter(({ kind }) => kind === "workload").length,
    );
    assert.equal(await page.locator(".card").count(), prod.peers.length);
    assert.equal(await shownLines(page, "hub"), 0);
    await page.getByLabel("API server and nodes").check();
    assert.ok((await shownLines(page, "hub")) > 40);
  });

  it("writes no text wider than its card, nor wider than it was reckoned", async () => {
    const page = await open();
    const texts = await page.$$eval(".card", (cards) =>
      cards.map((card) => {
        const text = card.querySelector("text");
        const plate = card.querySelector("rect");
        const ends = [...card.querySelectorAll<SVGGraphicsElement>(".mark, .count")].map((mark) => mark.getBBox().x);
        return {
          text: text?.textContent ?? "",
          width: text?.getComputedTextLength() ?? 0,
          italic: text !== null && getComputedStyle(text).fontStyle === "italic",
          end: (text?.getBBox().x ?? 0) + (text?.getBBox().width ?? 0),
          limit: Math.min(plate?.width.baseVal.value ?? 0, ...ends),
        };
      }),
    );
    for (const { text, width, italic, end, limit } of texts) {
      const reckoned = textWidth(text, 13);
      assert.ok(
        italic ? width <= reckoned + 2 : Math.abs(width - reckoned) < 1.5,
        `${text}: ${width}, not ${reckoned}`,
      );
      assert.ok(end <= limit, `${text} ends at ${end}, beyond ${limit}`);
    }
    assert.equal(fitted("a name that is far too long", 13, 60), "a name t…");
  });

  it("opens a workload's tables, purposes and policies with a click", async () => {
    const page = await open();
    await card(page, "monitoring/grafana").click();
    const panel = page.getByRole("complementary", { name: "Selected peer" });
    assert.equal(await panel.getByRole("heading", { level: 2 }).textContent(), "grafana");
    const egress = panel.locator("table.egress tr", { hasText: "shared-pg" });
    assert.match((await egress.textContent()) ?? "", /shared-pg database5432.*Dashboard state/);
    assert.match(
      (await panel.locator("table.ingress tr", { hasText: "gateway" }).textContent()) ?? "",
      /3000.*L7 HTTP/,
    );
    await panel.getByText("monitoring/grafana").click();
    assert.match(
      (await panel.locator("details[open] pre").textContent()) ?? "",
      /kind: CiliumNetworkPolicy\nmetadata:\n {2}name: grafana/,
    );
    assert.equal(new URL(page.url()).hash, "#monitoring%2Fgrafana");
    await egress.getByRole("button").click();
    assert.equal(await panel.getByRole("heading", { level: 2 }).textContent(), "shared-pg");
    await page.goBack();
    assert.equal(await panel.getByRole("heading", { level: 2 }).textContent(), "grafana");
    await panel.getByRole("button", { name: "Close" }).click();
    assert.equal(await panel.isVisible(), false);
  });

  it("brings out who is joined with a workload, and by which ports", async () => {
    const page = await open(prod, {}, "#argocd%2Fredis");
    assert.deepEqual(await names(page, ".card.lit"), [
      "argocd/application-controller",
      "argocd/redis",
      "argocd/repo-server",
      "argocd/server",
    ]);
    const ports = await page.$$eval("text.ports", (texts) =>
      texts.filter((text) => getComputedStyle(text).display !== "none").map((text) => text.textContent),
    );
    assert.deepEqual(ports, ["6379", "6379", "6379"]);
  });

  it("follows what a workload can reach, and what it can be reached by, over other workloads", async () => {
    const page = await open(prod, {}, "#argocd%2Fcloudflared");
    await page.getByRole("radio", { name: "Can reach" }).check();
    const reached = await names(page, ".card.lit");
    for (const id of ["argo/eventsource", "argo/eventbus", "argocd/redis", "kanidm/kanidm"]) {
      assert.ok(reached.includes(id), `${id} can be reached`);
    }
    assert.ok(!reached.includes("monitoring/prometheus"));
    assert.match((await page.locator(".trace").textContent()) ?? "", /2 flows away.*argo\/eventbus/);
    await page.getByRole("radio", { name: "Reached by" }).check();
    assert.deepEqual(await names(page, ".card.lit"), ["argocd/cloudflared"]);
  });

  it("searches from anywhere with /, and goes from match to match with Enter", async () => {
    const page = await open();
    await page.keyboard.press("/");
    await page.keyboard.type("kanidm");
    assert.deepEqual(await names(page, ".card.match"), [
      "argo/kanidm-backup",
      "argo/kanidm-repl-exchange",
      "kanidm/kanidm",
    ]);
    assert.equal(await page.getByRole("status").textContent(), "3 found");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    assert.deepEqual(await names(page, '.card[aria-selected="true"]'), ["argo/kanidm-repl-exchange"]);
    await page.keyboard.press("Escape");
    assert.deepEqual(await names(page, ".card.match"), []);
  });

  it("finds external peers by any name that they stand for", async () => {
    const page = await open();
    await page.getByRole("searchbox").fill("helm.cilium.io");
    assert.equal(await page.locator(".card.match").count(), 1);
    await page.getByRole("searchbox").fill("no such thing");
    assert.equal(await page.getByRole("status").textContent(), "0 found");
  });

  it("is used without a mouse: Tab, arrow keys, Enter and Escape", async () => {
    const page = await open();
    await card(page, "argocd/server").focus();
    await page.keyboard.press("ArrowDown");
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label")?.split(":")[0]);
    assert.equal(await focused(), "argocd/application-controller");
    const stroke = await card(page, "argocd/application-controller")
      .locator(".plate")
      .evaluate((plate) => getComputedStyle(plate).strokeWidth);
    assert.equal(stroke, "3px", "the focus can be seen");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    assert.deepEqual(await names(page, '.card[aria-selected="true"]'), ["argocd/server"]);
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#panel").isVisible(), false);
    assert.equal(await focused(), "argocd/server");
    assert.equal(await page.locator('.card[tabindex="0"]').count(), 1, "the map is one stop of the Tab key");
  });

  it("comes to every card with the arrow keys alone", async () => {
    const page = await open();
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
    const page = await open();
    await page.getByRole("radio", { name: "Cross-namespace" }).check();
    assert.equal(await shownLines(page), await shownLines(page, "across"));
    assert.ok((await names(page, ".card.off")).includes("argo/eventbus"));
    await page.getByRole("combobox", { name: "Port" }).selectOption("5432/TCP");
    assert.equal(await page.locator("g.line.shown").count(), 3);
    await page.getByRole("radio", { name: "List" }).check();
    const rows = page.locator("#list tbody tr:visible");
    assert.deepEqual((await rows.allTextContents()).map((text) => text.replace(/ .*/, "")).sort(), [
      "grafana",
      "workflows-controller",
      "workflows-server",
    ]);
    await page.getByRole("radio", { name: "External" }).check();
    assert.equal(await rows.count(), 0);
    await page.getByRole("combobox", { name: "Port" }).selectOption("");
    assert.ok((await rows.allTextContents()).some((text) => text.includes("discord.com")));
  });

  it("lists every flow as a table, for those who would rather read", async () => {
    const page = await open();
    await page.getByRole("radio", { name: "List" }).check();
    assert.equal(await page.locator("#map").isVisible(), false);
    assert.equal(await page.locator("#list tbody tr:visible").count(), prod.flows.length);
    await page.locator("#list").getByRole("button", { name: "alertmanager" }).first().click();
    assert.equal(await page.locator("#panel h2").textContent(), "alertmanager");
  });

  it("zooms and pans, and shows all again", async () => {
    const page = await open();
    const width = async () => (await card(page, "argo/eventbus").boundingBox())?.width ?? 0;
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

  it("follows the system into the dark, and lets the reader choose", async () => {
    const colour = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [light, dark] = [await open(), await open(prod, { colorScheme: "dark" })];
    assert.notEqual(await colour(light), await colour(dark));
    const expected = await colour(dark);
    await light.getByRole("button", { name: "Switch between light and dark" }).click();
    assert.equal(await colour(light), expected);
  });

  for (const colorScheme of ["light", "dark"] as const) {
    it(`writes with enough contrast, ${colorScheme}`, async () => {
      const page = await open(prod, { colorScheme });
      const ratios = await page.evaluate(contrasts, [
        ["--ink", "--plate"],
        ["--ink", "--paper"],
        ["--ink", "--water"],
        ["--quiet", "--paper"],
        ["--quiet", "--land"],
        ["--ahead", "--water"],
        ["--behind", "--water"],
        ["--new", "--paper"],
        ["--gone", "--paper"],
      ] as const);
      for (const [pair, ratio] of ratios) assert.ok(ratio >= 4.5, `${pair}: ${ratio.toFixed(2)}`);
    });
  }

  it("prints the whole map and the list, light and without the controls", async () => {
    const page = await open(prod, { colorScheme: "dark" });
    await page.getByRole("button", { name: "Zoom in" }).click();
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.getByRole("searchbox").isVisible(), false);
    assert.equal(await page.locator("#zoom").isVisible(), false);
    assert.ok(await page.locator("#list tbody tr").last().isVisible());
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
    const map = await page.locator("#map").boundingBox();
    const drawing = await page.locator("#camera").boundingBox();
    assert.ok(map !== null && drawing !== null && drawing.width <= map.width && drawing.x >= map.x);
  });

  it("shows what differs between two versions in colour, and in words", async () => {
    const change = picture(
      [
        workload("shop/web"),
        workload("shop/api"),
        workload("data/db"),
        workload("data/cache", "new"),
        outside("world"),
      ],
      [
        flow("shop/web → shop/api:8080"),
        flow("shop/api → data/db:5432", "gone"),
        flow("shop/api → data/db:5433", "new"),
        flow("shop/api → data/cache:6379", "new", "Sessions"),
        flow("shop/web → world:443", "gone"),
      ],
      "before",
    );
    const page = await open(change);
    const strokes = await page.$$eval("g.line.shown", (lines) =>
      Object.fromEntries(
        lines.map((line) => [
          line.querySelector("title")?.textContent?.split(":")[0] ?? "",
          getComputedStyle(line.querySelector(".way") ?? line).stroke,
        ]),
      ),
    );
    assert.equal(new Set(Object.values(strokes)).size, 4, JSON.stringify(strokes));
    assert.match((await page.locator(".title p").textContent()) ?? "", /2 flows opened, 2 closed/);
    await page.getByLabel("Changes only").check();
    assert.equal(await page.locator("g.line.shown").count(), 3);
    await card(page, "shop/api").click();
    const egress = page.locator("#panel table.egress");
    assert.match((await egress.locator("tr.gone").textContent()) ?? "", /db data5432.*closed/);
    assert.match((await egress.locator("tr", { hasText: "cache" }).textContent()) ?? "", /6379.*opened.*Sessions/);
  });

  it("shows what differs even where lines are left out otherwise", async () => {
    const change = picture(
      [workload("shop/web"), workload("shop/api"), apiServer],
      [
        flow("shop/web → kube-apiserver:6443"),
        flow("shop/api → kube-apiserver:6443", "new"),
        flow("shop/api → shop/api:7946", "gone"),
      ],
      "before",
    );
    const page = await open(change);
    assert.deepEqual(await page.locator("g.line.shown title").allTextContents(), ["api → kube-apiserver: 6443"]);
    assert.equal(await card(page, "shop/api").locator(".mark.gone").count(), 1);
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

/** The contrast of pairs of the style sheet's colours, by WCAG 2.2: runs in the page. */
function contrasts(pairs: readonly (readonly [string, string])[]): [string, number][] {
  const probe = document.body.appendChild(document.createElement("i"));
  const luminance = (name: string): number => {
    probe.style.color = `var(${name})`;
    const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map((value) => {
      const share = Number(value) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  return pairs.map(([a, b]) => {
    const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return [`${a} on ${b}`, (light + 0.05) / (dark + 0.05)];
  });
}
