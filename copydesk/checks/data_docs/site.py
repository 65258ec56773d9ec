"""The pages: rendered by Great Expectations, in a frame that loads nothing from elsewhere."""

from __future__ import annotations

import html
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import great_expectations as gx
from great_expectations.render.renderer.site_builder import SiteBuilder
from great_expectations.render.view.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader, pass_context

from copydesk.checks.data_docs import blocks

HERE = Path(__file__).parent
#: In the order in which the pages load them.
STYLES = ("bootstrap", "bootstrap-table", "filter-control", "datepicker", "bootstrap-dark", "icons", "pages")
SCRIPTS = ("jquery", "popper", "bootstrap", "bootstrap-table", "filter-control", "datepicker")
#: Taken from the installed Great Expectations.
IMAGES = ("logo-long.png", "favicon.ico")
#: How many folders below the front page each kind of page is, apart from the parts of the suite's name.
_DEPTHS = {"ValidationResultsPageRenderer": 4, "ExpectationSuitePageRenderer": 1, "SiteIndexPageRenderer": 0}


class PageView(DefaultJinjaPageView):
    """Lays out every page, with the templates of copydesk where they replace those of Great Expectations."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        own = FileSystemLoader(HERE / "templates")
        self.env.loader = ChoiceLoader([own, *([self.env.loader] if self.env.loader else [])])
        self.env.globals.update(styles=STYLES, scripts=SCRIPTS, to_root=_to_root)

    @pass_context
    def render_content_block(self, context: Any, content_block: Any, *args: Any, **kwargs: Any) -> Any:
        """As in Great Expectations, which takes a plain string for HTML; here it is text, and can be anybody's."""
        if isinstance(content_block, str):
            return html.escape(content_block)
        if isinstance(content_block, list):
            content_block = [html.escape(one) if isinstance(one, str) else one for one in content_block]
        return super().render_content_block(context, content_block, *args, **kwargs)


def _to_root(renderer_type: str, suite_name: str | None) -> str:
    """The way from a page to the folder of the front page."""
    depth = _DEPTHS[renderer_type]
    return "../" * (depth + (suite_name or "").count(".") if depth else 0)


def write_site(context: Any, folder: Path) -> None:
    """Write the pages of the project `context` to `folder`."""
    view = {"module_name": __name__, "class_name": "PageView"}
    table, bullets = ({"module_name": blocks.__name__, "class_name": name} for name in ("Table", "Bullets"))
    of_results = {"class_name": "ValidationResultsColumnSectionRenderer", "table_renderer": table}
    of_suites = {"class_name": "ExpectationSuiteColumnSectionRenderer", "bullet_list_renderer": bullets}
    site = SiteBuilder(
        data_context=context,
        store_backend={"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        site_name="copydesk",
        show_how_to_buttons=False,
        site_index_builder={"class_name": "DefaultSiteIndexBuilder", "view": view},
        site_section_builders={
            "expectations": {"view": view, "renderer": {"column_section_renderer": of_suites}},
            "validations": {"view": view, "renderer": {"column_section_renderer": of_results}},
            "profiling": "None",
        },
    )
    with _errors_are_raised():
        # SiteBuilder.build would also copy 4 MB of fonts and animations that no page shows.
        for section in site.site_section_builders.values():
            section.build()
        site.site_index_builder.build()
    static = folder / "static"
    shutil.copytree(HERE / "static", static, ignore=shutil.ignore_patterns("versions.json"))
    images = Path(gx.__file__).parent / "render" / "view" / "static" / "images"
    for name in IMAGES:
        shutil.copyfile(images / name, static / name)


@contextmanager
def _errors_are_raised() -> Iterator[None]:
    """Great Expectations logs the error of a page that it cannot render, and leaves the page out."""
    found: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage())

    logger, collector = logging.getLogger("great_expectations.render"), Collector(logging.ERROR)
    logger.addHandler(collector)
    try:
        yield
    finally:
        logger.removeHandler(collector)
    if found:
        raise RuntimeError(f"Great Expectations could not render a page: {found[0]}")
