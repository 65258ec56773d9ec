"""The configuration: one immutable value (`model`), and the sources of its values (`load`)."""

from copydesk.config.model import (
    AlertsConfig,
    Config,
    DatesConfig,
    DuplicatesConfig,
    FieldsConfig,
    GateConfig,
    ListsConfig,
    RulesConfig,
    RunConfig,
    ScheduleConfig,
    SitesConfig,
    SourcesConfig,
    TextConfig,
    TyposConfig,
    WarehouseConfig,
    given,
)

__all__ = [
    "AlertsConfig",
    "Config",
    "DatesConfig",
    "DuplicatesConfig",
    "FieldsConfig",
    "GateConfig",
    "ListsConfig",
    "RulesConfig",
    "RunConfig",
    "ScheduleConfig",
    "SitesConfig",
    "SourcesConfig",
    "TextConfig",
    "TyposConfig",
    "WarehouseConfig",
    "given",
]
