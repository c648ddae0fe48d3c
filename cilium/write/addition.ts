/** What is written into one file, and how it is shown. */

/** What is added to one file. */
export interface Addition {
  /** Seen from the project's folder. */
  readonly file: string;
  readonly imports: readonly string[];
  /** Ports that are not declared yet, each with the constant of its pods: `port9999: tcp(9999),`. */
  readonly ports: readonly { readonly of: string; readonly line: string }[];
  /** For the list of flows: `from(grafana).to(sharedPg.postgresql),` */
  readonly flows: readonly string[];
}

/** The addition as text, a line each, all of them for the same file. */
export const linesOf = ({ imports, ports, flows }: Addition): string[] => [
  ...imports,
  ...ports.map(({ of, line }) => `${line} // a port of ${of}`),
  ...flows,
];
