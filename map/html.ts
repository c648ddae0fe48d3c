/** HTML and SVG as text in which everything that comes from outside is escaped. */

export interface Markup {
  readonly markup: string;
}

type Content = string | number | Markup | undefined | false | readonly Content[];

/** A template whose values are escaped, unless they are markup themselves; `undefined` and `false` are nothing. */
export const html = (parts: TemplateStringsArray, ...values: Content[]): Markup => ({
  markup: parts.reduce((text, part, i) => text + written(values[i - 1]) + part),
});

/** Text that is markup already: only for what the page's own files say. */
export const trusted = (markup: string): Markup => ({ markup });

function written(content: Content): string {
  if (content === undefined || content === false) return "";
  if (typeof content === "number") return String(content);
  if (typeof content === "string") return content.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return "markup" in content ? content.markup : content.map(written).join("");
}
