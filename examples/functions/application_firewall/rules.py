"""What in a URL is an SQL injection: decoded as often as an attacker may have encoded it, then matched."""

import re
import unicodedata
from urllib.parse import unquote_plus

MOST_DECODINGS = 4

WHITE = r"(?:\s|\+|/\*.*?\*/)"
"""Between SQL words: blanks, or a comment in their place."""
OPERAND = r"""(?:'[^']*'?|"[^"]*"?|-?\d+|\w+\(.*?\)|null|true|false)"""

_SOURCES = {
    # ' OR 1=1 and ' AND 'a'='a: a condition that is added behind a closed string or a number
    "tautology": rf"""(?:['"`)]|\b\d+){WHITE}*(?:\bor\b|\band\b|\|\||&&){WHITE}*\(*{WHITE}*(?:not{WHITE}+)?
        {OPERAND}{WHITE}*(?:=|<>|!=|<|>|\blike\b|\bbetween\b|\bin\b{WHITE}*\(){WHITE}*{OPERAND}""",
    "always-true": rf"""['"`)]{WHITE}*(?:\bor\b|\|\|){WHITE}*(?:-?\d+|true|not{WHITE}+false|'\d+'?|"\d+"?)
        {WHITE}*(?:--|\#|/\*|;|$)""",
    # UNION SELECT and what looks like columns, not "credit union select account"
    "union-select": rf"""\bunion\b{WHITE}*(?:\b(?:all|distinct)\b{WHITE}*)?\(*{WHITE}*\bselect\b{WHITE}*
        (?:null|-?\d|\*|['"(@]|[\w.]+{WHITE}*(?:,|\(|\bfrom\b|--|\#))""",
    "stacked-query": rf""";{WHITE}*(?:drop|alter|truncate|create){WHITE}+(?:table|database|view|index|user)\b
        |;{WHITE}*(?:insert{WHITE}+into|delete{WHITE}+from|exec(?:ute)?|shutdown|declare{WHITE}+@)\b
        |;{WHITE}*update{WHITE}+\w+{WHITE}+set\b|;{WHITE}*select{WHITE}+.+?{WHITE}+from\b
        |\b(?:drop|truncate){WHITE}+table{WHITE}+\w+{WHITE}*(?:;|--)""",
    # a closed string, the rest of the query made a comment
    "comment": r"""['"`]\s*\)*\s*(?:;\s*)?(?:--(?:[\s+]|$)|\#\s*$|/\*)|/\*!\d*\s*\w+""",
    "sub-select": rf"""\({WHITE}*select\b.+?\bfrom\b|['"`\d]{WHITE}*\b(?:and|or)\b{WHITE}+\(*{WHITE}*
        (?:exists|ascii|substr(?:ing)?|length|char)\b{WHITE}*\(""",
    "time-delay": rf"""\bsleep{WHITE}*\(\s*['"]?[\d.]+['"]?\s*\)|\bbenchmark{WHITE}*\(\s*\d+\s*,
        |\bpg_sleep{WHITE}*\(|\bwaitfor{WHITE}+delay\b{WHITE}*['"]""",
    "catalogue": r"""\binformation_schema\s*\.|\bxp_cmdshell\b|\binto\s+(?:out|dump)file\b
        |\bload_file\s*\(""",
    "order-by": rf"""['"`)]{WHITE}*\b(?:order|group){WHITE}+by{WHITE}+\d+{WHITE}*(?:--|\#|,|/\*|$)
        |['"`)]{WHITE}*\bhaving\b{WHITE}+{OPERAND}{WHITE}*[=<>]""",
}
RULES = {name: re.compile(source, re.I | re.X | re.S) for name, source in _SOURCES.items()}


def reason(target: str) -> str | None:
    """The rule that a request's target breaks, if any."""
    for text in readings(target):
        for name, pattern in RULES.items():
            if pattern.search(text):
                return name
    return None


def readings(target: str) -> list[str]:
    """Path, query and each value in it, decoded once, twice and so on until nothing changes."""
    path, _, query = target.partition("?")
    found = []
    for text in [path, query, *(part.partition("=")[2] for part in query.split("&"))]:
        for _ in range(MOST_DECODINGS):
            found.append(text := decoded(text))
    return list(dict.fromkeys(found))


def decoded(text: str) -> str:
    plain = unquote_plus(re.sub(r"%u([0-9A-Fa-f]{4})", lambda match: chr(int(match[1], 16)), text))
    return unicodedata.normalize("NFKC", plain).replace("\0", "")
