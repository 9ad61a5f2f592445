"""SVG and HTML elements with their attributes said as in Python. All text is escaped when it is written."""

from xml.etree import ElementTree as ET

from interfaces.picture.globe import Point

Element = ET.Element


def element(tag: str, *children: Element | None, text: str = "", **attributes: object) -> Element:
    """One element: `class_` stands for class, underscores for hyphens; what is None is left out."""
    said = {
        name.rstrip("_").replace("_", "-"): _said(value)
        for name, value in attributes.items()
        if value is not None
    }
    made = Element(tag, said)
    made.text = _printable(text) or None
    made.extend(child for child in children if child is not None)
    return made


def _said(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else _printable(str(value))


def _printable(text: str) -> str:
    """Without the control characters that XML has no place for."""
    return "".join(c for c in text if c >= " " or c in "\n\t")


def path(*points: Point) -> str:
    """A line through points."""
    return "M" + "L".join(f"{_said(x)} {_said(y)}" for x, y in points)


def xml(root: Element) -> str:
    """As XML, in ASCII: so it reads the same in whatever encoding it is kept."""
    return ET.tostring(root).decode("ascii")


def html(root: Element) -> str:
    """As HTML, in ASCII. The text of scripts and styles stands as it is."""
    return ET.tostring(root, method="html").decode("ascii")
