"""The configuration as one immutable value, section by section."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from copydesk.data.rules import rules, similar

Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)


class SourcesConfig(Section):
    """`[sources]`: what is read."""

    max_document_bytes: int = Field(64 * 2**20, ge=1, description="A document larger than this goes to the quarantine")
    max_expansion: int = Field(
        200, ge=1, description="A compressed file may grow to this many times its size (and 1 MiB)"
    )
    csv_field_bytes: int = Field(16 * 2**20, ge=1, description="The longest field of a CSV file")


class TextConfig(Section):
    """`[text]`: how text is repaired and normalized."""

    quotes: Literal["straight", "curly", "keep"] = Field("straight", description="The one style of quotation marks")


class RulesConfig(Section):
    """`[rules]`: which rules are at work."""

    off: tuple[str, ...] = Field((), description="Edits of these rules are not made: the text stays as it is")

    @field_validator("off", mode="before")
    @classmethod
    def _from_words(cls, value: Any) -> Any:
        return value.replace(",", " ").split() if isinstance(value, str) else value  # as an environment variable is

    @field_validator("off")
    @classmethod
    def _known_rules(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            rule = rules().get(name)
            if rule is None:
                raise ValueError(f"{name} is no rule{similar(name)}")
            if rule.measured is None:
                raise ValueError(f"{name} makes no edits; it names a problem. Suites are edited in expectations/")
        return tuple(sorted(set(value)))


class DatesConfig(Section):
    """`[dates]`: how dates are read."""

    numeric_order: Literal["day-first", "month-first", "skip"] = Field(
        "day-first", description="How 03/04/2019 is read where the document does not prove it; skip leaves it unknown"
    )
    timezone: str = Field("UTC", description="The time zone of times that name none (an IANA name)")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is no IANA time zone such as UTC or Europe/Istanbul")
        return value


class SitesConfig(Section):
    """`[sites]`: what is learned from other articles of a site."""

    articles: int = Field(
        20_000,
        ge=0,
        description="Newest articles of the warehouse, and as many undated ones, that site evidence is read from",
    )
    boilerplate: bool = Field(True, description="Take out lines that recur across the articles of a site")


class TyposConfig(Section):
    """`[typos]`: how typos are corrected."""

    enabled: bool = Field(True, description="Look for typos, in the languages that copydesk has statistics of")
    apply_from: Share = Field(0.85, description="Minimum confidence of a correction that is made")
    apply_words_from: Share = Field(
        0.975,
        description="The same for real-word errors: a word that exists, but is not the one that was meant",
    )
    suggest_from: Share = Field(
        0.5,
        validate_default=True,  # the other two may be set below it
        description="Minimum confidence of a correction that is suggested; the text stays",
    )
    protected: str | None = Field(
        None, description="A file of words that stand as they are, a line each; [site] begins those of one site"
    )
    learned: str | None = Field(
        None, description="A folder that `copydesk learn` wrote: what is counted in your own articles"
    )

    @field_validator("suggest_from")
    @classmethod
    def _not_above_what_is_made(cls, value: float, info: ValidationInfo) -> float:
        for name in ("apply_from", "apply_words_from"):
            if info.data.get(name, 1.0) < value:
                raise ValueError(f"is above typos.{name} = {info.data[name]}: what is made has to be suggested, too")
        return value


class GateConfig(Section):
    """`[gate]`: when a partition is held back."""

    max_quarantined_share: Share = Field(
        0.5, description="A partition in which a larger share of the new documents failed is held back"
    )
    min_documents: int = Field(20, ge=1, description="Shares are judged in partitions of at least this many documents")


class WarehouseConfig(Section):
    """`[warehouse]`: where tables are written."""

    path: str = Field("warehouse", min_length=1, description="Folder or object-store URL of the Parquet tables")
    lock_wait_seconds: float = Field(30, ge=0, description="How long a second run waits for the first")


class RunConfig(Section):
    """`[run]`: processes and batches."""

    workers: int = Field(0, ge=0, le=256, description="Processes that clean articles; 0 means one per core")
    batch_documents: int = Field(1000, ge=1, description="Documents in one batch")
    batch_bytes: int = Field(8 * 2**20, ge=1, description="Bytes after which a batch is full")


class Config(Section):
    """Everything that can be set; each attribute is a section of `copydesk.toml`."""

    expectations: str | None = Field(None, description="A folder of suites that overrides the shipped ones")
    sources: SourcesConfig = SourcesConfig()
    text: TextConfig = TextConfig()
    rules: RulesConfig = RulesConfig()
    dates: DatesConfig = DatesConfig()
    sites: SitesConfig = SitesConfig()
    typos: TyposConfig = TyposConfig()
    gate: GateConfig = GateConfig()
    warehouse: WarehouseConfig = WarehouseConfig()
    run: RunConfig = RunConfig()
