/** The map as one HTML file that needs nothing else: no network, no other file, no server. */
import { createHash } from "node:crypto";
import { bundle } from "./bundle.ts";
import { controls, legend } from "./controls.ts";
import { type PageData, packed, packedLayout } from "./data.ts";
import { drawing } from "./draw.ts";
import { extended } from "./extended.ts";
import { graphOf } from "./graph.ts";
import { html, trusted } from "./html.ts";
import { layoutOf } from "./layout.ts";
import { flowList } from "./list.ts";
import type { Picture } from "./picture.ts";
import type { LaidOut } from "./places.ts";
import { namespacesToOpen, sheetOf } from "./sheets.ts";

/**
 * The page that shows a picture: the same bytes for the same picture.
 * @param basis what the picture rests on, in sentences; it stands below the list of flows
 * @param plain the picture without its comparison, so that everything stands where it stands there
 */
export async function page(picture: Picture, basis: readonly string[] = [], plain: Picture = picture): Promise<string> {
  const { script, style } = await bundle();
  const { sheet, graph, layout } = await laidOut(picture, plain);
  const layouts = [];
  for (const namespace of namespacesToOpen(picture))
    layouts.push(packedLayout(await laidOut(picture, plain, namespace)));
  const code = `${script}netpolMap.start();`;
  const title =
    picture.comparison === undefined ? picture.title : `${picture.title} against ${picture.comparison.title}`;
  const data: PageData = { picture: packed(picture), layouts };
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Network map: ${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; font-src data:; script-src 'sha256-${sha256(code)}'; base-uri 'none'; form-action 'none'">
<style>${trusted(style)}</style>
</head>
<body${picture.comparison !== undefined && html` class="compared"`}>
${controls(picture, title)}
<main>
${drawing(graph, layout, sheet.cards, `Network map: ${title}`)}
<nav id="way-back" aria-label="Sheets" hidden><button type="button" id="all-namespaces">All namespaces</button><h2 id="opened"></h2></nav>
<section id="list" aria-label="Every flow" hidden><div id="flows">${flowList(graph, sheet, picture.peers)}</div>${basis.map((line) => html`<p>${line}</p>`)}</section>
${legend(picture, graph)}
<div id="zoom" role="group" aria-label="Zoom"><button type="button" data-zoom="in" aria-label="Zoom in">+</button><button type="button" data-zoom="out" aria-label="Zoom out">−</button><button type="button" data-zoom="all">Show all</button></div>
</main>
<aside id="panel" aria-label="Selected peer" hidden><button type="button" id="close" aria-label="Close">×</button><div id="content"></div></aside>
<div id="status" role="status" class="unseen"></div>
<script type="application/json" id="data">${trusted(asScript(data))}</script>
<script>${trusted(code)}</script>
</body>
</html>
`.markup;
}

/** The sheet that opens a namespace, or the first one. */
async function laidOut(picture: Picture, plain: Picture, open?: string): Promise<LaidOut> {
  const sheet = sheetOf(picture, open);
  const graph = graphOf(sheet);
  if (plain === picture) return { sheet, graph, layout: await layoutOf(graph) };
  const plainSheet = sheetOf(plain, open);
  const plainGraph = graphOf(plainSheet);
  const layout = await layoutOf(plainGraph);
  return { sheet, graph, layout: extended({ sheet: plainSheet, graph: plainGraph, layout }, { sheet, graph }) };
}

/** A value as an expression; no text in it can end the script element. */
const asScript = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64");
