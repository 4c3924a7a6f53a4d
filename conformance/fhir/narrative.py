"""The XHTML that FHIR R4 allows in a narrative (rules txt-1 and txt-2)."""

from __future__ import annotations

from html.parser import HTMLParser

_ELEMENTS = frozenset((
    "div", "p", "span", "h1", "h2", "h3", "h4", "h5", "h6", "a", "img", "br", "hr", "b", "i", "em", "strong",
    "small", "big", "tt", "sub", "sup", "cite", "code", "dfn", "samp", "kbd", "var", "q", "abbr", "acronym",
    "address", "blockquote", "pre", "ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "colgroup", "col",
    "thead", "tfoot", "tbody", "tr", "th", "td", "ins", "del", "map", "area", "bdo", "center", "font", "u", "s",
    "strike",
))
_ATTRIBUTES = frozenset((
    "abbr", "accesskey", "align", "alt", "axis", "bgcolor", "border", "cellhalign", "cellpadding", "cellspacing",
    "cellvalign", "char", "charoff", "charset", "cite", "class", "colspan", "compact", "coords", "dir", "frame",
    "headers", "height", "href", "hreflang", "hspace", "id", "lang", "longdesc", "name", "nowrap", "rel", "rev",
    "rowspan", "rules", "scope", "shape", "span", "src", "start", "style", "summary", "tabindex", "title", "type",
    "valign", "value", "vspace", "width", "xml:lang", "xml:space", "xmlns",
))


def allowed(text: str) -> bool:
    """Whether a narrative is one div of allowed elements and attributes, with some content."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.allowed and reader.content and text.lstrip().startswith("<div")


class _Reader(HTMLParser):
    """Reads without resolving anything: no entity, file or address is followed."""

    def __init__(self) -> None:
        super().__init__()
        self.allowed, self.content = True, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element and its attributes."""
        self.allowed &= tag in _ELEMENTS and all(name in _ATTRIBUTES for name, _ in attrs)
        self.content |= tag == "img"

    def handle_data(self, data: str) -> None:
        """Text between elements."""
        self.content |= bool(data.strip())

    def handle_decl(self, decl: str) -> None:  # noqa: ARG002
        """A document type, which a narrative has not."""
        self.allowed = False
