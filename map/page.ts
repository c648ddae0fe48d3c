/** The map as one HTML file that needs nothing else: no network, no other file, no server. */
import { createHash } from "node:crypto";
import { bundle } from "./bundle.ts";
import { controls, legend } from "./controls.ts";
import { dataOf } from "./data.ts";
import { drawing } from "./draw.ts";
import { graphOf } from "./graph.ts";
import { html, trusted } from "./html.ts";
import { layoutOf } from "./layout.ts";
import { flowList } from "./list.ts";
import { panels } from "./panels.ts";
import type { Picture } from "./picture.ts";

/**
 * The page that shows a picture: the same bytes for the same picture.
 * @param basis what the picture rests on, in sentences; it stands below the list of flows
 */
export async function page(picture: Picture, basis: readonly string[] = []): Promise<string> {
  const graph = graphOf(picture);
  const [layout, { script, style }] = await Promise.all([layoutOf(graph), bundle()]);
  const code = `${script}netpolMap.start(${asScript(dataOf(picture.peers, graph.lines))});`;
  const title =
    picture.comparison === undefined ? picture.title : `${picture.title} against ${picture.comparison.title}`;
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
${controls(picture, graph, title)}
<main>
${drawing(graph, layout, picture.peers, `Network map: ${title}`)}
<section id="list" aria-label="Every flow" hidden>${flowList(graph, picture)}${basis.map((line) => html`<p>${line}</p>`)}</section>
${legend(picture)}
<div id="zoom" role="group" aria-label="Zoom"><button type="button" data-zoom="in" aria-label="Zoom in">+</button><button type="button" data-zoom="out" aria-label="Zoom out">−</button><button type="button" data-zoom="all">Show all</button></div>
</main>
<aside id="panel" aria-label="Selected peer" hidden><button type="button" id="close" aria-label="Close">×</button><div id="content"></div></aside>
<div id="status" role="status" class="unseen"></div>
${panels(picture)}<script>${trusted(code)}</script>
</body>
</html>
`.markup;
}

/** A value as an expression; no text in it can end the script element. */
const asScript = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64");
