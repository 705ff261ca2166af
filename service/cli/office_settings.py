"""``liaison settings``: the settings that may be changed while the service runs, who says each, and changing them."""

from __future__ import annotations

import click

from service import clock
from service.cli.setup import doer, started, wired
from service.config.overlay import typed
from service.errors import Finding, Invalid

REASON = click.option("--reason", required=True, metavar="理由", help="为什么改，记入日志。")


@click.group(invoke_without_command=True)
@click.pass_context
def settings(context: click.Context) -> None:
    """列出可以在“系统设置”页修改的设置：现在的值、出自环境变量、设置页还是配置文件；不显示密码和密钥。"""
    if context.invoked_subcommand is not None:
        return
    from service.usecases.office_settings import PAGE, SOURCES, set_by_page, sheet

    with wired() as database, database.reading() as session:
        found = sheet(session, started())
        if found.fault:
            names = "、".join(set_by_page(session))
            click.echo(f"{found.fault}。页面上设定的（{names}）都没有采用，以下为配置文件的值", err=True)
        for group, some in found.groups:
            click.echo(group.title)
            for one in some:
                source = f"{SOURCES[one.source]} {one.variable}".strip()
                if one.source == PAGE and one.change is not None:
                    day = clock.local(one.change.at).date()
                    source += f"，{day} {one.change.actor}；配置文件为 {one.words_of_file}"
                click.echo(
                    f"  {one.setting.name} = {one.words}  [{source}]  {one.setting.label}（{one.setting.basis}）"
                )


@settings.command(name="set")
@click.argument("name", metavar="名称")
@click.argument("value", metavar="值")
@REASON
def set_(name: str, value: str, reason: str) -> None:
    """设定一项，立即生效；值的写法同设置页。"""
    from service.config.editable import by_name
    from service.usecases.office_settings import change_settings

    known = by_name(started())
    if name not in known:
        raise Invalid("设置没有保存", [Finding(name, f"没有这项，可用：{'、'.join(known)}")])
    with wired() as database, database.transaction() as session:
        values = {name: typed(known[name], value)}
        changed = change_settings(
            session, settings=started(), values=values, reason=reason, actor=doer(), now=clock.now()
        )
    click.echo(f"{name} 已设定，立即生效。" if changed else f"{name} 没有变化。")


@settings.command()
@click.argument("names", metavar="名称", nargs=-1, required=True)
@REASON
def reset(names: tuple[str, ...], reason: str) -> None:
    """撤销页面上的设定，恢复为配置文件的值。"""
    from service.usecases.office_settings import change_settings

    with wired() as database, database.transaction() as session:
        changed = change_settings(
            session, settings=started(), values={}, reset=names, reason=reason, actor=doer(), now=clock.now()
        )
    told = "、".join(names)
    click.echo(f"{told} 已恢复为配置文件的值。" if changed else f"{told} 没有在页面上设定过。")
