"""Manual pages from doxygen's XML of include/centra.h: one for each function and struct, and centra(3), which names them all.

Doxygen's own pages are one for the whole header. What a page needs of the XML is little: paragraphs, lists, parameters, results.

    python3 docs/reference/man.py XML_DIRECTORY MAN_DIRECTORY VERSION
"""

import re
import sys
import textwrap
from pathlib import Path
from xml.etree import ElementTree


def escaped(text: str) -> str:
    """Text as roff takes it: no character of it is a command."""
    text = re.sub(r"\s+", " ", text).strip().replace("\\", "\\e").replace("-", "\\-").replace("^", "\\(ha").replace("~", "\\(ti")
    return re.sub(r"^([.'])", r"\\&\1", text)


class Page:
    """What the description of one member says, in the order of a manual page."""

    def __init__(self, member: ElementTree.Element) -> None:
        self.name = member.findtext("name") or member.findtext("compoundname")
        self.brief = "".join(member.find("briefdescription").itertext())
        self.description: list[str] = []
        self.parameters: list[str] = []
        self.results: list[str] = []
        self.blocks(member.find("briefdescription"), self.description)
        self.blocks(member.find("detaileddescription"), self.description)

    def blocks(self, of: ElementTree.Element, to: list[str], before: str = ".PP") -> None:
        """Appends the paragraphs and lists of an element as lines of roff."""
        for paragraph in of.findall("para"):
            text = paragraph.text or ""
            for child in paragraph:
                if child.tag in ("parameterlist", "simplesect", "itemizedlist"):
                    if text.strip():
                        to += [before, escaped(text)]
                    text, before = "", ".PP"
                    self.block(child, to)
                else:
                    text += "".join(child.itertext())
                text += child.tail or ""
            if text.strip():
                to += [before, escaped(text)]
                before = ".PP"

    def block(self, child: ElementTree.Element, to: list[str]) -> None:
        if child.tag == "parameterlist":
            for item in child.findall("parameteritem"):
                names = ", ".join(name.text for name in item.iter("parametername"))
                self.parameters += [".TP", f".I {escaped(names)}"]
                self.parameters += [escaped("".join(item.find("parameterdescription").itertext()))]
        elif child.tag == "simplesect":
            self.blocks(child, self.results)
        else:
            to.append(".RS 2")
            for item in child.findall("listitem"):
                self.blocks(item, to, ".IP \\(bu 2")
            to.append(".RE")


def synopsis(function: ElementTree.Element) -> list[str]:
    """The declaration, an argument a line where one line is too short."""
    text = function.findtext("definition") + function.findtext("argsstring") + ";"
    if len(text) > 78:
        head, rest = text.split("(", 1)
        whole = rest.replace(" ", "\u00a0").replace(",\u00a0", ", ")
        text = head + "(" + f"\n{' ' * (len(head) + 1)}".join(textwrap.wrap(whole, 78 - len(head) - 1)).replace("\u00a0", " ")
    return [".nf", *(line.replace("\\", "\\e").replace("-", "\\-") for line in text.split("\n")), ".fi"]


def main(xml: Path, man: Path, version: str) -> None:
    header = ElementTree.parse(xml / "centra_8h.xml").getroot().find("compounddef")
    structs = [ElementTree.parse(path).getroot().find("compounddef") for path in sorted(xml.glob("structcentra__*.xml"))]
    of_kind = {
        kind: [m for m in header.iter("memberdef") if m.get("kind") == kind] for kind in ("function", "enum", "typedef", "define")
    }
    known = {m.findtext("name") for m in of_kind["function"]} | {s.findtext("compoundname") for s in structs}
    man.mkdir(parents=True, exist_ok=True)

    def write(name: str, brief: str, sections: dict[str, list[str]]) -> None:
        brief = re.sub(r"\s+", " ", brief).strip().rstrip(".")
        lines = [f'.TH {name.upper()} 3 "" "centra {version}" "centra"', ".nh", ".SH NAME", f"{name} \\- {escaped(brief)}"]
        for title, content in sections.items():
            if content:
                lines += [f".SH {title}", *(content[1:] if content[0] == ".PP" else content)]
        text = "\n".join(lines)
        also = sorted(({*re.findall(r"\bcentra_\w+", text), "centra"} & (known | {"centra"})) - {name})
        lines += [".SH SEE ALSO", ",\n".join(f".BR {other} (3)" for other in also).replace(",\n.BR", " ,\n.BR")]
        (man / f"{name}.3").write_text("\n".join(lines) + "\n")

    include = [".B #include <centra.h>", ".PP"]
    for function in of_kind["function"]:
        page = Page(function)
        write(
            page.name,
            page.brief,
            {
                "SYNOPSIS": include + synopsis(function),
                "DESCRIPTION": page.description,
                "PARAMETERS": page.parameters,
                "RETURN VALUE": page.results,
            },
        )

    def entries(members: list[ElementTree.Element], label) -> list[str]:
        lines = []
        for member in members:
            page = Page(member)
            text = [line for line in page.description if line != ".PP"]
            lines += [".TP", f".B {escaped(label(member))}", "\n.IP\n".join(text) or "\\&"]
        return lines

    for struct in structs:
        page = Page(struct)
        members = entries(
            list(struct.iter("memberdef")),
            lambda m: m.findtext("definition").replace(f"{m.findtext('qualifiedname')}", m.findtext("name")),
        )
        write(page.name, page.brief, {"SYNOPSIS": include, "DESCRIPTION": page.description, "MEMBERS": members})

    page = Page(header)
    constants = []
    for enum in of_kind["enum"]:
        constants += [f".SS enum {enum.findtext('name')}", escaped("".join(enum.find("briefdescription").itertext()))]
        constants += entries(enum.findall("enumvalue"), lambda value: f"{value.findtext('name')} {value.findtext('initializer')}")
    functions = []
    for function in of_kind["function"]:
        page_of = Page(function)
        functions += [".TP", f".BR {page_of.name} (3)", escaped(page_of.brief)]
    documented = [m for m in of_kind["define"] if "".join(m.find("briefdescription").itertext()).strip()]
    write(
        "centra",
        page.brief,
        {
            "SYNOPSIS": include,
            "DESCRIPTION": page.description,
            "INITIALISERS": entries(documented, lambda m: m.findtext("name")),
            "CONSTANTS": constants,
            "CALLBACKS": entries(
                [m for m in of_kind["typedef"] if m.findtext("name").endswith("_fn")], lambda m: m.findtext("definition")
            ),
            "FUNCTIONS": functions,
        },
    )


main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
