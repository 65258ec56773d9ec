"""Commands of copydesk in this process, as a shell gives them."""

from __future__ import annotations

from click.testing import CliRunner, Result

from copydesk.cli import main


def cli(*arguments: object, **environment: str) -> Result:
    """Run `copydesk` with these arguments: its exit code and what it prints. Exceptions become exit code 1 or 3."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environment)
