"""The table of commands, and how their failures look.

Exit codes: 0 done; 1 refused or failed, with a Chinese sentence on standard error; 2 wrongly called.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

import click
import structlog

from service.cli.choosing import each, read_once
from service.config.districts import District, read_all
from service.db.failures import describe, explain
from service.errors import LiaisonError

# Command -> its module in service.cli; the command object has its name there (``migrate-cases`` -> ``migrate_cases``).
# Kept as text, so that ``liaison due`` does not wait for the engine and the web to load.
COMMANDS = {
    "run": "serving",
    "serve": "serving",
    "worker": "serving",
    "districts": "districts",
    "migrate": "databases",
    "backup": "databases",
    "restore": "databases",
    "check": "definitions",
    "deploy": "definitions",
    "prove": "proving",
    "scenario": "scenarios",
    "diff": "comparing",
    "ways": "comparing",
    "backtest": "backtesting",
    "impact": "moving",
    "migrate-cases": "moving",
    "due": "calendar",
    "calendar": "calendar",
    "settings": "office_settings",
    "demo": "demo",
    "verify": "verify",
    "acknowledge": "acknowledging",
    "rebuild": "rebuilding",
    "seal": "sealing",
    "key": "keys",
    "doctor": "doctor",
    "stuck": "stuck",
    "resume": "resuming",
    "export": "export",
    "user": "users",
    "token": "users",
}


log = structlog.get_logger(__name__)


class Liaison(click.Group):
    """Loads a command's module when the command is called, and tells failures to people."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, module in COMMANDS.items() if find_spec(f"service.cli.{module}") is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        return cast(
            click.Command, getattr(import_module(f"service.cli.{COMMANDS[cmd_name]}"), cmd_name.replace("-", "_"))
        )

    def invoke(self, ctx: click.Context) -> Any:
        try:
            asked = [*ctx._protected_args, *ctx.args]  # noqa: SLF001 - what a group keeps for its command
            every = each(ctx, asked[0] if asked else None)
            return self._for_each(ctx, every, asked) if every else super().invoke(ctx)
        except LiaisonError as error:
            _fail(error.message, *(f"  {finding.path}：{finding.message}" for finding in error.findings))
        except Exception as error:
            known = explain(error)
            if known is None:
                raise  # a defect: the whole trace helps whoever mends it
            _fail(known)

    def _for_each(self, ctx: click.Context, districts: Sequence[District], asked: Sequence[str]) -> None:
        """Does the command for one after the other; ends with 1 where one has failed, after all have been done."""
        failed = []
        found = read_all(districts[0].folder.parent, districts[0].environ)
        for one in districts:
            click.echo(f"—— 区 {one.name} ——")
            options = ["--districts", str(one.folder.parent), "--district", one.name]
            if ctx.params.get("as_name"):
                options += ["--as", ctx.params["as_name"]]
            try:
                with self.make_context(ctx.info_name, [*options, *asked]) as own:
                    read_once(own, found)
                    self.invoke(own)
            except SystemExit as end:
                if end.code:
                    failed.append(one.name)
            except click.ClickException:  # called wrongly, and so it is for all
                raise
            except Exception as error:  # a defect in one must not stop the others; its trace is told
                log.exception("command_failed", district=one.name, error=describe(error))
                failed.append(one.name)
        if failed:
            _fail(f"有 {len(failed)} 个区没有完成：{'、'.join(failed)}")


def _fail(*lines: str) -> None:
    for line in lines:
        click.echo(line, err=True)
    sys.exit(1)
