"""MkDocs hooks: links that leave `docs/` lead to the repository; decisions are pages of the site."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

_DOCS = Path(__file__).parent
_LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Point links to files that are no pages to the repository, if they exist there."""
    folder = posixpath.dirname(page.file.src_uri)

    def pointed(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", folder, match[1]))
        is_page = path.startswith("docs/") and path.endswith((".md", ".svg", ".png"))
        if is_page or not (_DOCS.parent / path).exists():
            return match[0]  # MkDocs says if there is no such page
        return f"]({config.repo_url.rstrip('/')}/blob/main/{path}{match[2] or ''})"

    return _LINK.sub(pointed, markdown)


def on_nav(nav: Any, *, config: Any, files: Any) -> Any:
    """List the decisions, so that none is left out of the site."""
    from mkdocs.structure.nav import Section
    from mkdocs.structure.pages import Page

    decisions = sorted(
        (file for file in files.documentation_pages() if file.src_uri.startswith("decisions/")),
        key=lambda file: file.src_uri,
    )
    pages = [file.page or Page(None, file, config) for file in decisions]
    nav.items.append(Section("Decisions", pages))
    nav.pages.extend(page for page in pages if page not in nav.pages)
    return nav
