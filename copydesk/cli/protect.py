"""The commands for protected words: `edits protect`, `edits unprotect`, `edits protected`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from copydesk.cli.edits import carried_out, tell
from copydesk.cli.shared import decided, deciding, errors_in_words, fail, load, of_warehouse, opened

if TYPE_CHECKING:
    from copydesk.warehouse import Warehouse

#: What a command says of a word and a site, None for all sites; it exits if there is nothing to do.
_Said = Callable[["Warehouse", str, "str | None"], str]


def _protection(action: str, does: str, more: str, said: _Said) -> click.Command:
    @click.command(action, short_help=f"{does}.")
    @click.argument("word", metavar="WORD")
    @click.option("--site", metavar="SITE", help="Only in articles of this site.  [default: all]")
    @click.option("--dry-run", is_flag=True, help="Print what would change, and write nothing.")
    @deciding
    @of_warehouse
    def command(
        word: str, site: str | None, dry_run: bool, who: str | None, why: str | None, warehouse: str | None,
        as_json: bool, config: str | None,
    ) -> None:  # fmt: skip
        if len(word.split()) != 1:
            fail(f"{word!r} is not one word")
        word = word.strip()
        with errors_in_words():
            settings = load(config, {"warehouse.path": warehouse})
            store = opened(settings)
            if site is not None:
                _warn(store, site)
            words = said(store, word, site)
            made = decided(who, why, action)._replace(site=site, before=word)
            done = carried_out(store, [made], settings, dry_run)
        if not as_json and not dry_run:
            click.echo(words)
        verbs = {"rejected": "taken back", "applied": "made again"}
        tell(done, as_json, dry_run, words=verbs, warehouse=warehouse)

    command.help = f"""{does}, for one site or for all.

    {more}
    Case makes no difference. `copydesk edits protected` lists the words.

    \b
    copydesk edits {action} Idlib --site news.example
    """
    return command


def _where(site: str | None) -> str:
    return "on all sites" if site is None else f"on {site}"


def _warn(store: Warehouse, site: str) -> None:
    """Say so if no published article is of this site; articles of it may still come."""
    from copydesk.run.decide import without_articles

    if words := without_articles(store, site):
        click.echo(f"copydesk: {words}", err=True)


def _protecting(_store: Warehouse, word: str, site: str | None) -> str:
    return f"{word!r} is protected: no run corrects it {_where(site)}."


def _unprotecting(store: Warehouse, word: str, site: str | None) -> str:
    """Names where the word stays protected; exits if it is not protected there."""
    from copydesk.warehouse import decisions

    where = decisions.where_protected(decisions.read(store.store), word)
    still = [f"{_where(one)} ({_ending(word, one)} ends it)" for one in where if one != site]
    if site not in where:
        there = "on all sites" if site is None else f"with --site {site}"
        rest = f"it is {' and '.join(still)}" if still else "`copydesk edits protected` lists the words that are"
        fail(f"{word!r} is not protected {there}; {rest}")
    if still:
        return f"{word!r} is no longer protected {_where(site)}, but still is {' and '.join(still)}."
    return f"{word!r} is no longer protected: runs may correct it {_where(site)}."


def _ending(word: str, site: str | None) -> str:
    """The command that ends a protection."""
    of_site = f" --site {shlex.quote(site)}" if site is not None else ""
    return f"`copydesk edits unprotect {shlex.quote(word)}{of_site}`"


protect = _protection(
    "protect",
    "Never correct a word",
    "Corrections of it in published articles are taken back, and later runs do not make them.",
    _protecting,
)
unprotect = _protection(
    "unprotect",
    "Correct a word again that was protected",
    "Corrections of it in published articles are made again, and later runs make them. Give the --site with which it"
    "\n    was protected, if any: a word that is protected on all sites is so on each of them.",
    _unprotecting,
)


@click.command()
@click.option("--site", metavar="SITE", help="Words that are protected on this site or on all.")
@of_warehouse
def protected(site: str | None, warehouse: str | None, as_json: bool, config: str | None) -> None:
    """List the words that `copydesk edits protect` protects, with who protected them, when and why.

    \b
    copydesk edits protected --site news.example
    """
    with errors_in_words():
        store = opened(load(config, {"warehouse.path": warehouse})).store
        from copydesk.warehouse import decisions

        found = [one for one in decisions.protected(decisions.read(store)) if site is None or one.site in (None, site)]
    if as_json:
        rows = [
            {"word": one.before, "site": one.site, "who": one.who, "why": one.why, "decided_at": one.decided_at}
            for one in found
        ]
        click.echo(json.dumps({"words": rows}, default=str, ensure_ascii=False, indent=1))
        return
    for one in found:
        why = f": {one.why}" if one.why else ""
        click.echo(f"{one.before}  {_where(one.site)}  {one.decided_at:%Y-%m-%d} by {one.who}{why}")
    if not found:
        click.echo("No word is protected; copydesk edits protect WORD protects one.")
