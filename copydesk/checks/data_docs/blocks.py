"""What the pages say of an expectation beside the sentence of Great Expectations: its meaning, rule and severity."""

from __future__ import annotations

from typing import Any

from great_expectations.render.components import RenderedStringTemplateContent
from great_expectations.render.renderer import content_block

#: Their methods are not annotated as they are used, so they are not checked.
_Table: Any = content_block.ValidationResultsTableContentBlockRenderer  # type: ignore[attr-defined]
_Bullets: Any = content_block.ExpectationSuiteBulletListContentBlockRenderer  # type: ignore[attr-defined]
_SEVERITIES = {"critical": "badge-danger", "warning": "badge-warning", "info": "badge-info"}


def _text(template: str, params: dict[str, Any], classes: dict[str, list[str]]) -> RenderedStringTemplateContent:
    """A paragraph. Parameters are escaped; the template is not."""
    styling = {"classes": ["d-block"], "params": {name: {"classes": classes[name]} for name in classes}}
    content = {"template": template, "params": params, "styling": styling}
    return RenderedStringTemplateContent(content_block_type="string_template", string_template=content)


def meaning(expectation: Any) -> RenderedStringTemplateContent:
    """The rule, the severity and the meaning of the configuration of an expectation."""
    severity = str(getattr(expectation.severity, "value", expectation.severity))
    said = {"rule": expectation.meta["rule"], "severity": severity, "meaning": expectation.meta["description"]}
    if expectation.description:  # the sentence itself
        said["meaning"] = ""
    classes = {
        "rule": ["badge", "badge-light", "border"],
        "severity": ["badge", _SEVERITIES.get(severity, "badge-light")],
    }
    return _text("$rule $severity $meaning", said, classes)


def _description(expectation: Any) -> list[RenderedStringTemplateContent]:
    """The description as text: Great Expectations takes it for HTML, and a dollar in it for a parameter."""
    return [_text("$description", {"description": expectation.description}, {})]


class Table(_Table):  # type: ignore[misc]
    """The results of the expectations about a column."""

    @classmethod
    def _render_expectation_description(cls, configuration: Any, **_: Any) -> list[RenderedStringTemplateContent]:
        return _description(configuration)

    @classmethod
    def render(cls, render_object: Any, **kwargs: Any) -> Any:
        block = super().render(render_object, **kwargs)
        for row, outcome in zip(block.table, render_object, strict=True):
            sentence = row[1] if isinstance(row[1], list) else [row[1]]
            row[1] = [*sentence, meaning(outcome.expectation_config)]
            failing = outcome.expectation_config.meta.get("failing")
            if failing:
                row[1].append(_text("Failing rows: $rows", {"rows": failing}, {"rows": ["text-break"]}))
        return block


class Bullets(_Bullets):  # type: ignore[misc]
    """The expectations of a suite about a column."""

    @classmethod
    def _render_expectation_description(cls, configuration: Any, **_: Any) -> list[RenderedStringTemplateContent]:
        return _description(configuration)

    @classmethod
    def _render_expectation_notes(cls, expectation_config: Any) -> RenderedStringTemplateContent:
        return meaning(expectation_config)
