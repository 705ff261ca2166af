"""The command line ``liaison``: one module a subject, loaded when one of its commands is called."""

from __future__ import annotations

from pathlib import Path

import click

from service.cli.choosing import choose
from service.cli.group import Liaison

__all__ = ["liaison", "main"]

HERE = Path("config")
SHIPPED = Path(__file__).resolve().parent.parent.parent / "config"
"""The settings beside the package, for calls from another directory."""


@click.command(cls=Liaison, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    envvar="LIAISON_CONFIG",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=lambda: HERE if HERE.is_dir() else SHIPPED,
    show_default="config",
    metavar="DIR",
    help="设置目录（settings.toml、organization.toml、calendar.toml 所在）。",
)
@click.option("--as", "as_name", metavar="姓名", help="谁在操作，记入日志；不写的记服务器的用户名。写在子命令之前。")
@click.option(
    "--districts",
    envvar="LIAISON_DISTRICTS",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="一套程序为几个区服务时，各区的目录（每区一个子目录，见 liaison districts）。",
)
@click.option("--district", metavar="区", help="只对这个区执行命令。")
@click.option("--all-districts", is_flag=True, help="对每个区依次执行命令；一个区失败不影响其他区。")
@click.pass_context
def liaison(
    ctx: click.Context,
    config: Path,
    as_name: str | None,
    districts: Path | None,
    district: str | None,
    *,
    all_districts: bool,
) -> None:
    """直联平台：领导干部直接联系服务高层次人才。

    设置写在 config/settings.toml，可用环境变量 LIAISON_… 覆盖，例如 LIAISON_DATABASE_URL。
    """
    ctx.obj = config  # ``as_name`` is read where somebody acts (``setup.doer``)
    choose(ctx, districts, district, every=all_districts)


def main() -> None:
    """The entry point of the script ``liaison`` and of ``python -m service``."""
    liaison(prog_name="liaison")
