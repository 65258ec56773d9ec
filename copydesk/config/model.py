"""The configuration as one immutable value, section by section."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator, model_validator

from copydesk.config.schedulers import wrong_with
from copydesk.data.rules import rules, similar


def _words(value: str) -> list[str]:
    """The words of a setting that is one string, as in an environment variable."""
    return value.replace(",", " ").split()


Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        kind = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and {int, float} & {kind, *get_args(kind)}:
            raise ValueError("input should be a number")
        return value


class FieldsConfig(Section):
    """`[sources.fields]`: the names of the fields of your records, tried before the common ones."""

    text: tuple[str, ...] = Field((), description="Fields with the text; `content.rendered` is a field within a field")
    title: tuple[str, ...] = Field((), description="Fields with the headline")
    date: tuple[str, ...] = Field((), description="Fields with the date of publication")
    modified: tuple[str, ...] = Field((), description="Fields with the date of the last change")
    authors: tuple[str, ...] = Field((), description="Fields with the authors")
    language: tuple[str, ...] = Field((), description="Fields with the language, used where the text does not tell it")
    url: tuple[str, ...] = Field((), description="Fields with the address, which identifies the document")
    id: tuple[str, ...] = Field((), description="Fields with an identifier that is unique within its file")

    @field_validator("*", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return [name.strip() for name in value.split(",") if name.strip()]  # a name may hold spaces


class SourcesConfig(Section):
    """`[sources]`: limits for reading sources."""

    max_document_bytes: int = Field(
        64 * 2**20, ge=1, description="Maximum size of a document in bytes; larger ones are quarantined"
    )
    max_expansion: int = Field(200, ge=1, description="Maximum ratio of decompressed to compressed size, plus 1 MiB")
    csv_field_bytes: int = Field(16 * 2**20, ge=1, description="Maximum size of a CSV field in bytes")
    fields: FieldsConfig = FieldsConfig()


class TextConfig(Section):
    """`[text]`: how text is repaired and normalized."""

    quotes: Literal["straight", "curly", "keep"] = Field("straight", description="Style of quotation marks")


class RulesConfig(Section):
    """`[rules]`: rules that are switched off."""

    off: tuple[str, ...] = Field((), description="Rules whose edits are not made")

    @field_validator("off", mode="before")
    @classmethod
    def _from_words(cls, value: Any) -> Any:
        return _words(value) if isinstance(value, str) else value

    @field_validator("off")
    @classmethod
    def _known_rules(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            rule = rules().get(name)
            if rule is None:
                raise ValueError(f"{name} is not a rule{similar(name)}")
            if rule.measured is None:
                raise ValueError(f"{name} makes no edits; it names a problem. Change suites in expectations/")
        return tuple(sorted(set(value)))


class ListsConfig(Section):
    """`[lists]`: the user's own word lists."""

    folder: str | None = Field(
        None, min_length=1, description="Folder of word lists in the format of copydesk/data, added to the shipped ones"
    )


class DatesConfig(Section):
    """`[dates]`: how dates are parsed."""

    numeric_order: Literal["day-first", "month-first", "skip"] = Field(
        "day-first",
        description="Order of dates such as 03/04/2019 where nothing proves it; skip leaves them unknown",
    )
    timezone: str = Field("UTC", description="Time zone of times without one (an IANA name)")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is not an IANA time zone such as UTC or Europe/Istanbul")
        return value


class SitesConfig(Section):
    """`[sites]`: what is learned from other articles of a site."""

    articles: int = Field(
        20_000,
        ge=0,
        le=1_000_000_000,
        description="Newest articles, and as many undated ones, of the warehouse that site evidence is read from",
    )
    boilerplate: bool = Field(True, description="Remove lines that recur across the articles of a site")


class TyposConfig(Section):
    """`[typos]`: how typos are corrected."""

    mode: Literal["full", "fast", "off"] = Field(
        "full", description="How typos are corrected, in languages with statistics; fast does without the large model"
    )
    apply_from: Share = Field(0.85, description="Minimum confidence to apply a correction")
    apply_words_from: Share = Field(
        0.85,
        description="Minimum confidence to apply a correction of a real-word error: a correct word in the wrong place",
    )
    suggest_from: Share = Field(
        0.5,
        validate_default=True,  # the other two may be set below it
        description="Minimum confidence to suggest a correction; the text is not changed",
    )
    protected: str | None = Field(
        None, description="File of words that are never changed, one per line; [site] starts the words of one site"
    )
    learned: str | None = Field(None, description="Folder written by `copydesk learn`: statistics of your own articles")

    @model_validator(mode="before")
    @classmethod
    def _was_a_switch(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("enabled"), bool):
            return value
        rest = {key: one for key, one in value.items() if key != "enabled"}
        return {"mode": "full" if value["enabled"] else "off"} | rest

    @field_validator("suggest_from")
    @classmethod
    def _not_above_what_is_made(cls, value: float, info: ValidationInfo) -> float:
        for name in ("apply_from", "apply_words_from"):
            if info.data.get(name, 1.0) < value:
                raise ValueError(f"is above typos.{name} = {info.data[name]}: what is made has to be suggested, too")
        return value


class DuplicatesConfig(Section):
    """`[duplicates]`: when articles are copies of each other. Other values make the next run compare all articles."""

    enabled: bool = Field(True, description="Find copies among tonight's articles and all that are published")
    similarity: Share = Field(
        0.5, gt=0, description="Jaccard similarity of their 5-word shingles from which two articles are copies"
    )
    contained: Share = Field(
        0.8, gt=0, description="Share of a short text's shingles, from which it is an excerpt of a longer one"
    )
    sharing: int = Field(
        200, ge=1, description="Different texts that may share a key; one that more share comes from a template"
    )


class GateConfig(Section):
    """`[gate]`: when the quality gate holds a partition back."""

    max_quarantined_share: Share = Field(
        0.5,
        description="Maximum quarantined share of a partition's new documents; above it, it is held back",
    )
    min_documents: int = Field(20, ge=1, description="Minimum new documents of a partition for its share to be judged")


class WarehouseConfig(Section):
    """`[warehouse]`: where tables are stored."""

    path: str = Field("warehouse", min_length=1, description="Folder or object-store URL of the Parquet tables")
    partitions: Literal["day", "month"] = Field(
        "day",
        description="Files of articles, edits and duplicates in a new warehouse, one a day or one a month;"
        " `copydesk compact` changes them",
    )
    file_bytes: int = Field(
        64 * 2**20,
        description="Size from which a file of a table takes no new rows: they go to the next one; at least 65_536",
    )
    keep_versions_days: int | None = Field(
        None, ge=1, description="Days that replaced versions of articles are kept; without it, for ever"
    )
    keep_raw_days: int = Field(
        90, ge=0, description="Days that raw documents are kept, to process them again; 0 keeps none"
    )
    lock_wait_seconds: float = Field(30, ge=0, description="Seconds that a second run waits for the first")

    @field_validator("file_bytes")
    @classmethod
    def _more_than_a_footer(cls, value: int) -> int:
        if value < 2**16:
            raise ValueError("must be at least 65536: a file has about 10 kB besides its rows")
        return value


class RunConfig(Section):
    """`[run]`: processes, batches and limits."""

    engine: Literal["processes", "dask"] = Field(
        "processes", description="What cleans articles: processes of this machine, or a Dask cluster"
    )
    address: str | None = Field(None, description='The Dask cluster, the address of its scheduler; for engine = "dask"')
    workers: int = Field(
        0,
        ge=0,
        le=4096,
        description="Processes that clean articles; 0 means one per core, on a cluster one per thread of its workers",
    )
    batch_documents: int = Field(500, ge=1, description="Maximum documents in a batch")
    batch_bytes: int = Field(4 * 2**20, ge=1, description="Size at which a batch is full, in bytes")
    document_seconds: float = Field(
        60,
        ge=0,
        le=1_000_000,
        description="CPU seconds for a document, and for each MiB of a large one; 0 means no limit",
    )

    @field_validator("address")
    @classmethod
    def _of_a_scheduler(cls, value: str | None) -> str | None:
        if value is not None and (wrong := wrong_with(value)):
            raise ValueError(wrong)
        return value


class ScheduleConfig(Section):
    """`[schedule]`: the nights of `copydesk serve`."""

    missed: Literal["catch-up", "skip"] = Field(
        "catch-up", description="What happens to nights that were missed; a made-up night takes up all that arrived"
    )
    missed_limit: int = Field(
        1, ge=1, le=100, description="Missed nights that are made up for, the most recent ones; others are skipped"
    )
    reports_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Address at which you publish the folder `_reports`; without it, that of `copydesk serve`",
    )


class AlertsConfig(Section):
    """`[alerts]`: where a message goes when a scheduled night needs someone, or did not run."""

    webhook: SecretStr | None = Field(None, description="Address that gets JSON with `subject` and `text`, by POST")
    block: str | None = Field(
        None, pattern=r"^[\w-]+/[\w-]+$", description="Saved notification block of the Prefect server, as type/name"
    )

    @field_validator("webhook")
    @classmethod
    def _an_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("is not an address that starts with https:// or http://")
        return value


class Config(Section):
    """All settings; each attribute is a section of `copydesk.toml`."""

    expectations: str | None = Field(None, description="Folder of suites that override the shipped ones")
    sources: SourcesConfig = SourcesConfig()
    text: TextConfig = TextConfig()
    rules: RulesConfig = RulesConfig()
    lists: ListsConfig = ListsConfig()
    dates: DatesConfig = DatesConfig()
    sites: SitesConfig = SitesConfig()
    typos: TyposConfig = TyposConfig()
    duplicates: DuplicatesConfig = DuplicatesConfig()
    gate: GateConfig = GateConfig()
    warehouse: WarehouseConfig = WarehouseConfig()
    run: RunConfig = RunConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    alerts: AlertsConfig = AlertsConfig()


def given(config: object) -> Config:
    """The settings that a caller gave: None means the defaults. Raises `TypeError` for what is no `Config`."""
    if config is None:
        return Config()
    if isinstance(config, Config):
        return config
    hint = "Config.model_validate({...})" if isinstance(config, dict) else "Config()"
    raise TypeError(f"config has to be a copydesk.Config, not {type(config).__name__}; pass copydesk.{hint}")
