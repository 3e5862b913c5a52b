"""What MkDocs cannot do by itself: pages from files beside `docs`, links that hold in both places, the Chinese part.

The documents are written to be read in the repository. Here their links are turned to where the site has the same file;
what it does not have is named as code.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File

ROOT: Final = Path(__file__).parent
PAGES: Final = {
    "README.md": "index.md",
    "README.zh-CN.md": "zh/index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Files beside `docs` -> their page."""
COPIED: Final = ("scenarios/*.yaml", "deploy/*.yaml", "deploy/kubernetes/*.yaml")
"""Files that the site shows as they are."""
MORE, CHINESE = "More", "中文"
_LINK: Final = re.compile(r"\[([^\[\]]*)\]\(([^)#\s:]+)(#[^)\s]*)?\)")
_CODE: Final = re.compile(r"^( *)(```|~~~).*?^\1\2", re.MULTILINE | re.DOTALL)


def on_config(config: Any) -> Any:
    """Add to the navigation what mkdocs.yml does not name: further pages of `docs`, and the Chinese ones."""
    named = set(_pages(config.nav))
    more = [page for page in _docs(ROOT / "docs") if page not in named]
    chinese = [f"zh/{page}" for page in _docs(ROOT / "docs" / "zh")]
    if (ROOT / "README.zh-CN.md").exists():
        chinese.insert(0, PAGES["README.zh-CN.md"])
    sections = ((MORE, more), (CHINESE, chinese))
    config.nav = [*config.nav, *({title: pages} for title, pages in sections if pages)]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add what is beside `docs`."""
    for source, page in PAGES.items():
        if (path := ROOT / source).exists():
            files.append(File.generated(config, page, content=path.read_text(encoding="utf-8")))
    for pattern in COPIED:
        for path in sorted(ROOT.glob(pattern)):
            files.append(File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Turn the links of a page to where the site has the files."""
    return site_links(markdown, page.file.src_uri, {file.src_uri for file in files})


def site_links(markdown: str, page: str, known: set[str]) -> str:
    """A page's text with its links turned.

    Args:
        page: its place on the site.
        known: what the site has. A link within the repository to what it has not becomes the name alone.
    """
    source = next((source for source, made in PAGES.items() if made == page), f"docs/{page}")

    def turned(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link[2]))
        place = PAGES.get(target, target.removeprefix("docs/"))
        if place not in known and (ROOT / target).exists():
            return f"{link[1]} (`{target}`)"
        return f"[{link[1]}]({posixpath.relpath(place, posixpath.dirname(page) or '.')}{link[3] or ''})"

    parts: list[str] = []
    begin = 0
    for block in _CODE.finditer(markdown):
        parts += [_LINK.sub(turned, markdown[begin : block.start()]), block[0]]
        begin = block.end()
    return "".join([*parts, _LINK.sub(turned, markdown[begin:])])


def _docs(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.md"))


def _pages(nav: Any) -> Iterator[str]:
    """Every page that a navigation names, at whatever depth."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for part in nav.values():
            yield from _pages(part)
    else:
        for part in nav:
            yield from _pages(part)
