import assert from "node:assert/strict";
import fc from "fast-check";
import type { Page } from "playwright-core";
import { graphOf } from "../../../map/graph.ts";
import { wholeSheet } from "../../../map/sheets.ts";
import { fitted, textWidth } from "../../../map/text.ts";
import { apiServer, flow, outside, picture, programMap, workload } from "../pictures.ts";
import { card, lines, openedMaps } from "./opened.ts";

const seed = Number(process.env.SEED ?? 20261128);

/** A name as workloads have them, some of which are too long for a card. */
const anyName = fc
  .array(fc.constantFrom("kube", "prometheus", "hubble", "vault", "gateway", "controller", "job", "v2", "x64"), {
    minLength: 1,
    maxLength: 4,
  })
  .map((words) => words.join("-"));

describe("how the map looks in a browser", function () {
  this.timeout(120_000);

  const open = openedMaps();
  const prod = programMap();

  it("shows every workload and every flow that is no hub's", async () => {
    const page = await open(prod);
    assert.equal(
      await page.locator(".card.workload").count(),
      prod.peers.filter(({ kind }) => kind === "workload").length,
    );
    assert.equal(await page.locator(".card").count(), prod.peers.length);
    assert.equal(await lines(page, "hub").count(), 0);
    await page.getByLabel("API server and nodes").check();
    const hubs = graphOf(wholeSheet(prod)).lines.filter(({ kind }) => kind === "hub");
    assert.ok(hubs.length > 20);
    assert.equal(await lines(page, "hub").count(), hubs.length);
  });

  it("writes no text wider than its card, nor wider than it was reckoned", async () => {
    const names = fc.sample(anyName, { numRuns: 80, seed });
    const ends = names.map((name, i) => (i % 4 === 3 ? outside(`${name}.example`) : workload(`shop/${name}`)));
    const page = await open(
      picture([...prod.peers, ...ends], [...prod.flows, ...ends.map(({ id }) => flow(`argocd/server → ${id}:80`))]),
    );
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
      // Kerning, which is not reckoned with, brings letters closer together.
      assert.ok(
        italic ? width <= reckoned + 2 : width < reckoned + 1.5 && width > reckoned * 0.98 - 1.5,
        `${text}: ${width}, not ${reckoned}`,
      );
      assert.ok(end <= limit, `${text} ends at ${end}, beyond ${limit}`);
    }
    assert.equal(fitted("a name that is far too long", 13, 60), "a name t…");
  });

  it("follows the system into the dark, and lets the reader choose", async () => {
    const colour = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [light, dark] = [await open(prod), await open(prod, { colorScheme: "dark" })];
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
      { title: "before", summary: "2 flows closed, 2 flows opened" },
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
    assert.match((await page.locator(".title p").textContent()) ?? "", /2 flows closed, 2 flows opened/);
    await page.getByLabel("Changes only").check();
    assert.equal(await lines(page).count(), 3);
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
      { title: "before", summary: "1 flow closed, 1 flow opened" },
    );
    const page = await open(change);
    assert.deepEqual(await lines(page).locator("title").allTextContents(), ["api → kube-apiserver: 6443"]);
    assert.equal(await card(page, "shop/api").locator(".mark.gone").count(), 1);
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
