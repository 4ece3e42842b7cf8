"""Names of registered models: those that consumers can load, and those that are refused."""

from __future__ import annotations

LOADABLE = (
    "fish", "f", "1", "latest", "Production", "production", "m-0123456789abcdef0123456789abcdef",
    "fish classifier", "fish  classifier", "fish%20classifier", "a%2fb", "%41", "100%", "%", "a+b", "a&b", "a=b", "a;b",
    "a,b", "a!b", "a$b", "a*b", "(a)", "a[b]", "{a}", "<a>", "a|b", "a\\b", "a^b", "`a`", "~a", "a.b", ".a", "a..",
    "-a", "_", "a'b", "'a'", 'a"b', "a''b", "a'--b", "name='b'", "рыба", "鱼", "é" * 256,
    "a\u3000b", "a\u200bb", "a\uff0fb",
)
# names that one of MLflow's forms (models:/NAME/STAGE, models:/NAME/1, models:/NAME@ALIAS) leads elsewhere on one of
# its versions, or that one of its servers does not take or cannot search for
LOST = (
    "a/b", "/", "a/", "/a", "a:b", ":", "a?b", "?", "?a", "a?", "a#b", "#", "#a", "a#", "a@b", "@", "@a", "a@",
    ".", "..", "..a", "a\tb", "a\nb", "a\n", "\na", "\r", "a\rb", " ", "\u00a0", "\u3000", "a'b\"c", "\"'",
)
# loaded by MLflow, and refused: a control character in every table, a blank that padded comparisons ignore, too long
DOUBTFUL = (
    "", "a\x00b", "a\x01b", "a\x7f", "\x85", "a\x9bb", " a", "a ", "  a  ", "\u00a0a", "a\u2028", "a\u3000", "\u2003a",
    "a" * 257, "é" * 257,
)
REFUSED = LOST + DOUBTFUL
