"""``liaison user …`` and ``liaison token``: accounts from the machine's own command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from sqlalchemy.orm import Session

from service import clock
from service.auth import prepare, set_password
from service.auth.accounts import add_user, disable_user, unlock_user
from service.auth.factors import reset_factor
from service.auth.grants import grant_role, revoke_role
from service.auth.models import Account
from service.auth.queries import grants_of, list_accounts
from service.auth.separation import separation_faults
from service.auth.tokens import issue_token
from service.cli.setup import doer, opened, organization, settings, wired
from service.errors import Conflict
from service.people.persons import add_person

_PAGE = 200
_KEEP = click.option("--keep", is_flag=True, help="密码由本人设置，首次登录时不必修改。")


@click.group()
def user() -> None:
    """管理账号。密码从键盘输入，或由标准输入的第一行给出；不能写在命令行上。"""


@user.command()
@click.argument("username")
@click.option("--name", help="姓名；给出时同时登记人员。")
@click.option("--unit", "unit_code", help="所在单位的代码（与 --name 同用）。")
@click.option("--post", help="职务（与 --name 同用）。")
@click.option("--namesake", is_flag=True, help="已核对，与同一单位的同名人员不是同一人（与 --name 同用）。")
@click.option("--role", "roles", multiple=True, metavar="角色[:单位]", help="授予的角色，如 liaison:hrss；可多次给出。")
@click.option("--no-password", is_flag=True, help="不设密码，只能用统一身份认证登录。")
@_KEEP
def add(
    username: str,
    name: str | None,
    unit_code: str | None,
    post: str | None,
    namesake: bool,
    roles: tuple[str, ...],
    no_password: bool,
    keep: bool,
) -> None:
    """新建账号 USERNAME。"""
    if name is None and (unit_code or post):
        raise click.UsageError("--unit 和 --post 须与 --name 同用")
    password = None if no_password else prepare(_password())
    now = clock.now()
    with opened() as database, database.transaction() as session:
        person = None
        if name:
            person = add_person(
                session,
                name=name,
                unit_code=unit_code,
                post=post,
                confirm_duplicate=namesake,
                actor=doer(),
                now=now,
            )
        account = add_user(
            session,
            username=username,
            password=password,
            must_change=not keep and settings().passwords.change_first,
            person_id=person.id if person else None,
            actor=doer(),
            now=now,
        )
        for role, _, unit in (given.partition(":") for given in roles):
            grant_role(
                session,
                username=account.username,
                role=role,
                unit_code=unit or None,
                actor=doer(),
                now=now,
            )
        click.echo(f"已新建账号 {account.username}。")


@user.command()
@click.argument("username")
@_KEEP
def passwd(username: str, keep: bool) -> None:
    """给账号 USERNAME 设新密码；它已打开的会话和接口令牌随之失效。"""
    password, must_change = prepare(_password()), not keep and settings().passwords.change_first
    with opened() as database, database.transaction() as session:
        set_password(
            session,
            username=username,
            password=password,
            must_change=must_change,
            actor=doer(),
            now=clock.now(),
        )
    click.echo(f"已修改 {username} 的密码。")


@user.command()
@click.argument("username")
@click.argument("address", required=False)
def mail(username: str, address: str | None) -> None:
    """把账号 USERNAME 的提醒邮件发往 ADDRESS；不写 ADDRESS 则不再发邮件。是否发邮件由 mail 设置决定。"""
    from service.notifications import set_mail_address  # loads the engine, which other commands need not wait for

    with opened() as database, database.transaction() as session:
        set_mail_address(session, username=username, address=address, actor=doer(), now=clock.now())
    click.echo(f"{username} 的提醒邮件将发往 {address}。" if address else f"{username} 不再收到提醒邮件。")


@user.command()
@click.argument("username")
@click.option("--show", is_flag=True, help="只列出名下事项，不停用。")
@click.option("--yes", is_flag=True, help="不再询问，直接停用。")
def disable(username: str, show: bool, yes: bool) -> None:
    """停用账号 USERNAME，先列出其名下事项；它的会话和令牌随之失效，领办的任务退回同岗位待办。"""
    from service.usecases.leaving import held_by  # loads the engine, which other commands need not wait for

    with wired() as database:
        with database.reading() as session:
            held = held_by(session, username, clock.today())
        click.echo("\n".join([f"{username} 名下事项：", *(held.lines() or ["没有"])]))
        if show:
            return
        if not yes and sys.stdin.isatty():
            click.confirm("确认停用？", abort=True)
        with database.transaction() as session:
            disable_user(session, username=username, actor=doer(), now=clock.now())
    click.echo(f"已停用账号 {username}。")


@user.command()
@click.argument("username")
@click.argument("role", metavar="角色[:单位]")
def grant(username: str, role: str) -> None:
    """授予账号 USERNAME 一个角色，即时生效，如 liaison:hrss。用于指定首批管理员等应急情形；写入日志。"""
    name, _, unit = role.partition(":")
    with opened() as database, database.transaction() as session:
        grant_role(
            session,
            username=username,
            role=name,
            unit_code=unit or None,
            actor=doer(),
            now=clock.now(),
        )
    click.echo(f"已授予 {username} 角色 {role}。")


@user.command()
@click.argument("username")
@click.argument("role", metavar="角色[:单位]")
def revoke(username: str, role: str) -> None:
    """收回账号 USERNAME 的一个角色，领办的任务退回同岗位待办；写入日志。"""
    name, _, unit = role.partition(":")
    with wired() as database, database.transaction() as session:
        revoke_role(session, username=username, role=name, unit_code=unit or None, actor=doer(), now=clock.now())
    click.echo(f"已收回 {username} 的角色 {role}。")


@user.command()
@click.argument("username")
def unlock(username: str) -> None:
    """解除账号 USERNAME 的登录锁定（密码或验证码连续错误以后）；写入日志。"""
    with opened() as database, database.transaction() as session:
        unlock_user(session, username=username, actor=doer(), now=clock.now())
    click.echo(f"已解除 {username} 的登录锁定。")


@user.command(name="reset-second-factor")
@click.argument("username")
def reset_second_factor(username: str) -> None:
    """重置账号 USERNAME 的二次验证（手机遗失、密钥文件丢失时）；会话和令牌随之失效，写入日志。"""
    with opened() as database, database.transaction() as session:
        reset_factor(session, username=username, actor=doer(), now=clock.now())
    click.echo(f"已重置 {username} 的二次验证，本人下次登录后重新登记。")


@user.command()
def check() -> None:
    """检查三员是否齐全、有没有账号兼任；有问题的逐条列出，以 1 退出。"""
    with opened() as database, database.reading() as session:
        faults = separation_faults(session, {role.id: role.name for role in organization().roles.values()})
    if faults:
        raise Conflict("\n".join(faults))
    click.echo(
        "没有发现问题。" if settings().accounts.separate else "三员分立没有启用（[accounts] separate_administrators）。"
    )


@user.command(name="list")
def list_users() -> None:
    """列出全部账号、姓名、状态和角色。"""
    with opened() as database, database.reading() as session:
        offset = 0
        while accounts := list_accounts(session, limit=_PAGE, offset=offset).items:
            for line in _lines(session, accounts):
                click.echo(line)
            offset += len(accounts)


@click.command()
@click.argument("username", metavar="USER")
@click.option("--label", default="命令行", show_default=True, help="令牌的用途，供以后辨认。")
def token(username: str, label: str) -> None:
    """为账号 USER 签发接口令牌，写到标准输出；令牌只显示这一次。"""
    with opened() as database, database.transaction() as session:
        issued = issue_token(
            session,
            username=username,
            label=label,
            lifetime=settings().token_lifetime,
            actor=doer(),
            now=clock.now(),
        )
    click.echo(issued)


def _lines(session: Session, accounts: Sequence[Account]) -> list[str]:
    grants = grants_of(session, [account.username for account in accounts], clock.today())
    lines = []
    for account in accounts:
        held = sorted(f"{grant.role}:{grant.unit}" if grant.unit else grant.role for grant in grants[account.username])
        state = "在用" if account.active else "停用"
        lines.append("\t".join((account.username, account.name, state, " ".join(held) or "无角色")))
    return lines


def _password() -> str:
    """Typed twice by a person, or one line from a program; never an argument, which everybody on the machine sees."""
    if sys.stdin.isatty():
        return str(click.prompt("密码", hide_input=True, confirmation_prompt="再输一次"))
    return sys.stdin.readline().rstrip("\r\n")
