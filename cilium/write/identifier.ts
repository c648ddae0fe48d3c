/** Names as constants are called. */
import { camelCase } from "../model/names.ts";

/** `cert-manager` as `certManager`; `the…` where a constant cannot be called so. */
export function identifier(name: string): string {
  const written = camelCase(name.replace(/[^A-Za-z0-9]+$/, ""));
  return /^[A-Za-z]/.test(written) && !reserved.has(written)
    ? written
    : `the${written.charAt(0).toUpperCase()}${written.slice(1)}`;
}

const reserved = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally
  for function if implements import in instanceof interface let new null package private protected public return static super
  switch this throw true try typeof undefined var void while with yield`.split(/\s+/),
);
