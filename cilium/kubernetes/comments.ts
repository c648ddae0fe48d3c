/** What the comments of a manifest say of the rules of a policy, which YAML's readers pass over. */

/** A list of a policy's rules by its key, and an item of it by its number, as a rule's place begins: `ingress[1]`. */
const lists = /^(\s*)(?:- )?(ingress|egress|ingressDeny|egressDeny):\s*(?:#.*)?$/;

/**
 * The comments above the items of a document's lists of rules, or behind their first line, by their places. A comment above a
 * key that is commented out is none.
 */
export function ruleComments(document: string): Map<string, string> {
  const comments = new Map<string, string>();
  let list:
    | { readonly name: string; readonly indent: number; item: number; itemIndent: number | undefined }
    | undefined;
  let above: string[] = [];
  for (const line of document.split("\n")) {
    const comment = /^\s*#\s?(.*)$/.exec(line)?.[1];
    if (comment !== undefined) {
      above.push(comment.trim());
      continue;
    }
    if (line.trim() === "") {
      above = [];
      continue;
    }
    const indent = line.search(/\S/);
    const opened = lists.exec(line);
    const item = /^(\s*)-(?:\s|$)/.exec(line);
    if (
      list !== undefined &&
      item?.[1] !== undefined &&
      item[1].length === (list.itemIndent ?? item[1].length) &&
      indent >= list.indent
    ) {
      list.itemIndent = item[1].length;
      list.item++;
      const said = [...above, /\s#\s*(.+)$/.exec(line)?.[1] ?? ""].filter((one) => one !== "" && !isCode(one));
      const text = said.join(" ");
      if (text !== "") comments.set(`${list.name}[${list.item}]`, text);
    } else if (opened !== null) {
      list = { name: opened[2] ?? "", indent, item: -1, itemIndent: undefined };
    } else if (list !== undefined && indent <= list.indent) {
      list = undefined;
    }
    above = [];
  }
  return comments;
}

/** Rules that are commented out say nothing. */
const isCode = (text: string): boolean => /^-? ?[\w.-]+:(\s|$)|^[-=#*]+$/.test(text);
