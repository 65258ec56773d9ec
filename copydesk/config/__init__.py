"""The configuration: one immutable value (`model`), and the sources of its values (`load`)."""

from copydesk.config.model import (
    Config,
    DatesConfig,
    DuplicatesConfig,
    FieldsConfig,
    GateConfig,
    ListsConfig,
    RulesConfig,
    RunConfig,
    SitesConfig,
    SourcesConfig,
    TextConfig,
    TyposConfig,
    WarehouseConfig,
)

__all__ = [
    "Config",
    "DatesConfig",
    "DuplicatesConfig",
    "FieldsConfig",
    "GateConfig",
    "ListsConfig",
    "RulesConfig",
    "RunConfig",
    "SitesConfig",
    "SourcesConfig",
    "TextConfig",
    "TyposConfig",
    "WarehouseConfig",
]
