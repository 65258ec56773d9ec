"""The project of Great Expectations: suites, validation definitions, checkpoints and results of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import great_expectations as gx
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    expectationSuiteValidationResultSchema,
)
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.registry import get_expectation_impl

from copydesk.checks.record import Record

SOURCE = "copydesk"
#: Failing rows that a page names.
_SHOWN = 3

_CONFIG = """\
# A project of Great Expectations, written by `copydesk report --data-docs`, which writes it again.
# To work with it: great_expectations.get_context(mode="file", project_root_dir=<the folder above this one>)
config_version: 4
analytics_enabled: false
config_variables_file_path: uncommitted/config_variables.yml
plugins_directory: plugins/
stores:
{stores}
expectations_store_name: expectations_store
validation_results_store_name: validation_results_store
checkpoint_store_name: checkpoint_store
data_docs_sites:
  local_site:
    class_name: SiteBuilder
    show_how_to_buttons: false
    store_backend:
      class_name: TupleFilesystemStoreBackend
      base_directory: uncommitted/data_docs/local_site/
    site_index_builder:
      class_name: DefaultSiteIndexBuilder
"""
_STORE = """\
  {name}_store:
    class_name: {kind}Store
    store_backend:
      class_name: TupleFilesystemStoreBackend
      base_directory: {folder}/
      suppress_store_backend_id: true"""
_STORES = (
    ("expectations", "Expectations", "expectations"),
    ("validation_results", "ValidationResults", "uncommitted/validations"),
    ("checkpoint", "Checkpoint", "checkpoints"),
    ("validation_definition", "ValidationDefinition", "validation_definitions"),
)


def project(record: Record, folder: Path) -> Any:
    """Write `folder/gx`; returns its context."""
    root = folder / "gx"
    root.mkdir(parents=True)
    stores = "\n".join(_STORE.format(name=name, kind=kind, folder=where) for name, kind, where in _STORES)
    (root / "great_expectations.yml").write_text(_CONFIG.format(stores=stores), "utf-8")
    context = gx.get_context(mode="file", project_root_dir=folder)
    source = context.data_sources.add_pandas(SOURCE)
    for name, expectations in record.suites.items():
        suite = context.suites.add(_suite(name, expectations))
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
        definition = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))
        checkpoint = context.checkpoints.add(
            gx.Checkpoint(name=name, validation_definitions=[definition], result_format="COMPLETE")
        )
        if name in record.results:
            meta = {"validation_id": definition.id, "checkpoint_id": checkpoint.id, **_origin(record, name)}
            ids = {(kept.meta or {})["rule"]: kept.id for kept in suite.expectations}
            _store(context, record, name, _outcome(record, name, meta, ids))
    return context


def _suite(name: str, expectations: list[dict[str, Any]]) -> Any:
    suite = gx.ExpectationSuite(name=name)
    for given in expectations:
        configuration = ExpectationConfiguration(
            type=given["type"],
            kwargs=given["kwargs"],
            meta=given["meta"],
            severity=FailureSeverity(given["severity"]),
            description=_sentence(given),
            notes=given["meta"]["description"],
        )
        suite.expectations.append(configuration.to_domain_obj())
    return suite


def _sentence(given: dict[str, Any]) -> str | None:
    """The description of an expectation for which Great Expectations has no sentence of its own, None for others."""
    own, none = (_prescription(kind) for kind in (get_expectation_impl(given["type"]), Expectation))
    description: str = given["meta"]["description"]
    return description if own is none else None


def _prescription(kind: Any) -> Any:
    return kind._prescriptive_renderer.__func__


def _origin(record: Record, name: str) -> dict[str, Any]:
    """What a checkpoint notes about a run."""
    at = record.run_time.isoformat()
    return {
        "great_expectations_version": gx.__version__,
        "batch_spec": {"data_asset_name": name},
        "active_batch_definition": {
            "datasource_name": SOURCE,
            "data_connector_name": "fluent",
            "data_asset_name": name,
            "batch_identifiers": {"dataframe": "<DATAFRAME>"},
        },
        "run_id": {"run_name": record.run_id, "run_time": at},
        "validation_time": at,
    }


def _store(context: Any, record: Record, name: str, outcome: ExpectationSuiteValidationResult) -> None:
    key = ValidationResultIdentifier(
        ExpectationSuiteIdentifier(name), RunIdentifier(record.run_id, record.run_time), f"{SOURCE}-{name}"
    )
    context.validation_results_store.set(key, outcome)


def _outcome(record: Record, name: str, meta: dict[str, Any], ids: dict[str, Any]) -> ExpectationSuiteValidationResult:
    """The results of a suite, as Great Expectations states them."""
    given = {expectation["meta"]["rule"]: expectation for expectation in record.suites[name]}
    results = [_result(one, given[one["rule"]], ids[one["rule"]]) for one in record.results[name]]
    good = sum(result["success"] for result in results)
    statistics = {
        "evaluated_expectations": len(results),
        "successful_expectations": good,
        "unsuccessful_expectations": len(results) - good,
        "success_percent": 100 * good / len(results),
    }
    content = {
        "success": good == len(results),
        "results": results,
        "suite_name": name,
        "suite_parameters": {},
        "statistics": statistics,
        "meta": meta,
    }
    return expectationSuiteValidationResultSchema.load(content)  # type: ignore[no-any-return]


def _result(result: dict[str, Any], given: dict[str, Any], own_id: str) -> dict[str, Any]:
    """The result of one expectation."""
    failing = [f"{name} ({_shown(value)})" if name else _shown(value) for name, value in result["failing"][:_SHOWN]]
    more = result["unexpected_count"] - len(failing)
    named = "; ".join([*failing, f"{more:,} more"] if failing and more > 0 else failing)
    error = result["error"]
    return {
        "success": result["success"],
        "expectation_config": {
            **given,
            "id": own_id,
            "severity": result["severity"],
            "meta": given["meta"] | {"failing": named} if named else given["meta"],
            "description": _sentence(given),
        },
        "result": {} if error else _detail(result, given),
        "meta": {},
        "exception_info": {
            "raised_exception": bool(error),
            "exception_message": error or None,
            "exception_traceback": "No trace was kept." if error else None,
        },
    }


def _shown(value: Any) -> str:
    return ", ".join(map(_shown, value)) if isinstance(value, list) else "null" if value is None else str(value)


def _detail(result: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The counts, and the first failing rows."""
    rows, missing, failed = (result[key] for key in ("element_count", "missing_count", "unexpected_count"))
    if given["type"].startswith("expect_table_"):
        return {"observed_value": rows}
    columns = [given["kwargs"][key] for key in ("column", "column_A", "column_B") if key in given["kwargs"]]
    columns += given["kwargs"].get("column_list", [])
    of_present = 100 * failed / (rows - missing) if rows > missing else None
    named = [
        {"row": name} | dict(zip(columns, value if isinstance(value, list) else [value], strict=False))
        for name, value in result["failing"]
    ]
    return {
        "element_count": rows,
        "unexpected_count": failed,
        "unexpected_percent": of_present,
        "unexpected_percent_nonmissing": of_present,
        "unexpected_percent_total": 100 * failed / rows if rows else None,
        "missing_count": missing,
        "missing_percent": 100 * missing / rows if rows else None,
        "partial_unexpected_list": [value for _, value in result["failing"]],
        "unexpected_index_column_names": ["row"],
        "unexpected_index_list": named,
    }
