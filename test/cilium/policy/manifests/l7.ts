/** L7 rules, the TLS contexts, listeners and server names beside them. */
import fc from "fast-check";
import type { Straying } from "./straying.ts";

export function l7({ or, record, list }: Straying, fqdn: fc.Arbitrary<unknown>) {
  const regex = or(
    fc.constantFrom(
      "",
      "/",
      "/api/.*",
      "GET",
      "GET|POST",
      "^/v[0-9]+/[a-z]{2,3}$",
      "/(?:a|b)",
      "/\\d+",
      "/\\pL",
      "(?i)get",
    ),
    fc.oneof(
      fc.constantFrom("(?P<n>a)(?P<n>b)", "(?<n>a)(?P<n>b)", "(?P<n>a)(?P<m>b)", "(?P<n>a)(?P<n>b"),
      fc.constantFrom(
        "(",
        "[a",
        "a**",
        "(?=a)",
        "(?<!a)b",
        "\\1",
        "a{1001}",
        "a{2,1}",
        "*",
        "(?P<n>a)",
        "(?<n>a)",
        "\\Q*\\E",
        "[[:alpha:]]",
        "[[:foo:]]",
        "\\p{Greek}",
        "\\p{Foo}",
        "\\z",
        "\\Z",
        "x{",
        "x{,3}",
        "[z-a]",
        "(?s).",
        "(?x) a",
        "a)",
        "\\",
        "\\8",
        "\\x{110000}",
        "\\C",
        "(a{500}){500}",
        "[]a]",
        "[^]",
        "(?i",
        "a++",
        "a??",
        "\\u0041",
        "\\e",
        "(?P<1>a)",
        "\\G",
        "\\h",
        "\\R",
        "\\K",
        "((a{100}){100}){100}",
      ),
      fc
        .array(
          fc.constantFrom(
            "a",
            "(",
            ")",
            "[",
            "]",
            "*",
            "+",
            "?",
            "{2}",
            "{1,",
            "\\",
            "|",
            ".",
            "^",
            "$",
            "(?:",
            "-",
            "\\w",
            "[^a",
            "\\b",
            "}",
            "(?i)",
            ":",
            "d",
          ),
          { minLength: 1, maxLength: 5 },
        )
        .map((parts) => parts.join("")),
    ),
    fc.constantFrom("/"),
    5,
  );
  const secret = record(
    { name: or(fc.constant("s"), fc.constant(""), fc.constantFrom(1, null), 6) },
    { namespace: fc.constant("x") },
  );
  const http = or(
    fc.oneof(
      fc.constant({}),
      record({}, { path: regex, method: regex, host: fc.constantFrom("a.b", "("), headers: fc.constant(["x-a"]) }),
      record({
        headerMatches: fc.array(
          record(
            { name: or(fc.constant("x"), fc.constant("x"), fc.constantFrom("", 1)) },
            {
              secret,
              value: fc.constant("v"),
              mismatch: or(fc.constant("LOG"), fc.constant("ADD"), fc.constantFrom("log", "")),
            },
          ),
          { minLength: 1, maxLength: 2 },
        ),
      }),
    ),
    fc.constant({ path: null }),
    fc.constantFrom({ paths: "/" }, "x"),
    30,
  );
  const rules = or(
    fc.oneof(record({ http: list(http) }), record({ dns: list(fqdn) })),
    fc.constantFrom({ http: [] }, { dns: [] }, { http: [{}], dns: null }),
    fc.constantFrom(
      {},
      { http: [{}], dns: [{ matchPattern: "*" }] },
      { kafka: [{}] },
      { l7proto: "x" },
      { http: null },
    ),
    10,
  );
  const tls = record({ secret }, { trustedCA: fc.constant("ca.crt") });
  const listener = record(
    {
      envoyConfig: record(
        { name: or(fc.constant("e"), fc.constant("e"), fc.constant("")) },
        {
          kind: or(
            fc.constant("CiliumEnvoyConfig"),
            fc.constant("CiliumClusterwideEnvoyConfig"),
            fc.constantFrom("X", ""),
          ),
        },
      ),
      name: or(fc.constant("l"), fc.constant("l"), fc.constant("")),
    },
    { priority: or(fc.constantFrom(1, 100), fc.constant(50), fc.constantFrom(0, 101, 1.5)) },
  );
  const serverNames = or(
    fc.constantFrom(["a.b"], ["*.a.b", "c"]),
    fc.constant(["a"]),
    fc.constantFrom([], ["a", "a"], [""], ["a b"]),
    2,
  );
  return { http, rules, tls, listener, serverNames };
}
