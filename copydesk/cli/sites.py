"""The commands for the sites: `sites` and `sites acknowledge`."""

from __future__ import annotations

import json
import shlex
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from copydesk.cli.shared import day_of, decided, deciding, errors_in_words, fail, load, now, of_warehouse, opened

if TYPE_CHECKING:
    from copydesk.checks.suites import Rule
    from copydesk.config import Config

#: Columns of the history of one site, with their widths.
_COLUMNS = (
    ("arrivals", 8), ("new", 6), ("changed", 7), ("published", 9), ("quarantined", 11), ("undated", 7), ("lost", 5),
    ("mojibake", 8), ("repeated", 8), ("median_words", 12), ("typos", 5),
)  # fmt: skip


class _Showing(click.Group):
    """A group that shows the sites where no command is named: `copydesk sites news.example`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["show", *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = ["show", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=_Showing)
def sites() -> None:
    """Show which sites differ from their usual night, and acknowledge what is known.

    \b
    copydesk sites
    copydesk sites news.example
    copydesk sites acknowledge news.example --until 2026-12-15 --because "the site is being rebuilt"
    """


@sites.command()
@click.argument("site", required=False, metavar="[SITE]")
@of_warehouse
def show(site: str | None, warehouse: str | None, as_json: bool, config: str | None) -> None:
    """Show the sites of the last night, worst first, with the volume of their last 28 nights; or one SITE in full.

    Of each site it says how many new and changed documents came, and how many usually come.

    The word `show` may be left out. A site that has fewer than 7 earlier nights is not judged.

    \b
    copydesk sites show --warehouse /data/warehouse
    copydesk sites show news.example --json
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        store = opened(settings)
        from copydesk.sites.latest import latest, like

        last = latest(store, _rules(settings))
        if last is None:
            fail("no night has been counted yet; start with: copydesk run SOURCE")
        chosen = [entry for entry in last.entries if site in (None, entry["site"])]
        if site is not None and not chosen:
            known = [entry["site"] for entry in last.entries if entry["site"]]
            fail(f"the last night has no site {site!r}{like(site, known, '`copydesk sites` lists them')}")
    if as_json:
        click.echo(json.dumps({"date": last.day.isoformat(), "sites": chosen}, ensure_ascii=False, indent=1))
    elif site is None:
        _print_all(last.day, last.entries)
    else:
        _print_one(last.day, chosen[0], f" --warehouse {shlex.quote(warehouse)}" if warehouse else "")


def _rules(settings: Config) -> list[Rule]:
    from copydesk.checks.expectations import read_suites

    return read_suites(Path(settings.expectations) if settings.expectations else None)["sites"]


def _print_all(day: date, entries: list[dict[str, Any]]) -> None:
    from copydesk.report.sites import curve, name_of, sentence

    click.echo(f"{day}: {sentence(entries) or _none_differs(entries)}\n")
    width = max(len(name_of(entry)) for entry in entries)
    click.echo(f"{'site':{width}}  {'status':14}  {'came':>6} of {'usual':>6}  last nights")
    for entry in entries:
        night = entry["history"][-1]
        count = f"{night['new'] + night['changed']:>6,} of {entry['usual_documents']:>6,.0f}"
        click.echo(f"{name_of(entry):{width}}  {entry['status']:14}  {count}  {curve(entry)}")
        for found in entry["findings"]:
            click.echo(f"{'':{width}}  {_line(found, day)}")


def _none_differs(entries: list[dict[str, Any]]) -> str:
    from copydesk.report.findings import judged_sites
    from copydesk.sites.bands import FEWEST

    if judged_sites(entries):
        return "No site differs from its usual night."
    most = max((entry["nights"] for entry in entries if entry["site"] is not None), default=0)
    return f"No site was compared: that takes {FEWEST} earlier nights, and no site has more than {most}."


def _line(found: dict[str, Any], day: date) -> str:
    from copydesk.report.sites import day_in_words

    made, began = found["acknowledged"], date.fromisoformat(found["since"])
    because = f": {made['why']}" if made and made["why"] else ""
    known = f" – acknowledged until {made['until']} by {made['who']}{because}" if made else ""
    since = "" if found["measure"] == "silence" or began == day else f", since {day_in_words(began, day)}"
    return f"{found['sentence']}{since}{known}"


def _print_one(day: date, entry: dict[str, Any], where: str) -> None:
    from copydesk.report.sites import curve, name_of

    click.echo(f"{name_of(entry)}: {entry['status']}  {curve(entry)}")
    for found in entry["findings"]:
        click.echo(f"\n{_line(found, day)}")
        if not found["acknowledged"]:
            click.echo(f"  {found['todo']}")
            if found["acknowledge"]:
                click.echo(f"  If it is known: {found['acknowledge']}{where}")
    click.echo("\n" + " ".join(["date      ", *(f"{name:>{width}}" for name, width in _COLUMNS)]))
    for night in entry["history"]:
        cells = ["–" if night[name] is None else f"{night[name]:,}" for name, _ in _COLUMNS]
        click.echo(
            " ".join([night["date"], *(f"{cell:>{width}}" for cell, (_, width) in zip(cells, _COLUMNS, strict=True))])
        )


@sites.command()
@click.argument("site", required=False, metavar="[SITE]")
@click.option("--until", required=True, metavar="YYYY-MM-DD", help="The last night of it; one in the past ends it.")
@click.option("--rule", metavar="RULE", help="Only the finding of this rule, such as site-undated.")
@deciding
@of_warehouse
def acknowledge(
    site: str | None, until: str, rule: str | None, who: str | None, why: str | None, warehouse: str | None,
    as_json: bool, config: str | None,
) -> None:  # fmt: skip
    """Acknowledge that a SITE differs from its usual night: until this date its findings are no longer counted.

    They stay in the report, as acknowledged. These nights count for what is usual, so that a site which stays different
    is usual after some weeks. Without SITE, the run as a whole is meant. It is kept in the table decisions.

    \b
    copydesk sites acknowledge news.example --until 2026-12-15 --because "the site is being rebuilt"
    copydesk sites acknowledge news.example --until 2026-12-15 --rule site-undated
    """
    with errors_in_words():
        settings = load(config, {"warehouse.path": warehouse})
        store = opened(settings)
        from copydesk.run.publish import keep
        from copydesk.sites.latest import acknowledge as write
        from copydesk.warehouse.decisions import ACKNOWLEDGE

        decision = decided(who, why, ACKNOWLEDGE)._replace(site=site, rule=rule, until=day_of(until, "--until"))
        with store.writing(settings.warehouse.lock_wait_seconds):
            write(store, decision, _rules(settings), now(), keep(settings))
    if as_json:
        click.echo(json.dumps({"site": site, "rule": rule, "until": until, "who": decision.who, "why": why}))
    else:
        click.echo(f"Acknowledged until {until}: {rule or 'what is found'} about {site or 'the run as a whole'}.")
        click.echo("The report of last night stays as it was written; the next one lists it as acknowledged.")
