"""Whether all links within a folder of HTML, and between manual pages, lead somewhere.

python3 docs/reference/links.py HTML_DIRECTORY MAN_DIRECTORY
"""

import re
import sys
from pathlib import Path

html, man = map(Path, sys.argv[1:])
texts = {page.name: page.read_text() for page in html.glob("*.html")}
anchors = {name: set(re.findall(r'\b(?:id|name)="([^"]+)"', text)) for name, text in texts.items()}
broken = []
links = 0
for name, text in texts.items():
    for link in re.findall(r'\b(?:href|src)="([^"]+)"', text):
        if re.match(r"https?:|javascript:", link):
            continue
        links += 1
        page, _, anchor = link.partition("#")
        page = page or name
        if not (html / page).is_file() or anchor and anchor not in anchors[page]:
            broken.append(f"{name}: {link}")
for page in man.glob("*.3"):
    for other in re.findall(r"^\.BR (\w+) \(3\)", page.read_text(), re.MULTILINE):
        links += 1
        if not (man / f"{other}.3").is_file():
            broken.append(f"{page.name}: {other}(3)")
print(f"{links} links, {len(broken)} of them broken", *broken, sep="\n")
sys.exit(bool(broken) or links < 1000)
