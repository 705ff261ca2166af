"""The settings of ``settings.toml`` and ``supervision.toml`` by their names for people, where no page words them."""

from __future__ import annotations

from collections.abc import Mapping

LABELS: Mapping[str, str] = {
    "env": "运行环境",
    "database_url": "数据库地址",
    "read_url": "只读数据库地址",
    "durable": "落盘后才答复",
    "connections": "数据库连接数",
    "secret_key": "密钥",
    "bind": "监听地址",
    "public_url": "对外网址",
    "data_dir": "数据目录",
    "log_level": "运行日志详细程度",
    "demo": "演示账号",
    "sessions.longest": "登录最长时间",
    "sessions.idle": "空闲自动退出",
    "token_lifetime": "接口令牌有效期",
    "longest_jump": "时钟最多跳多少",
    "longest_outage": "后台任务最多停多久",
    "oidc.enabled": "启用统一登录",
    "oidc.issuer": "统一登录签发方",
    "oidc.client_id": "统一登录客户端编号",
    "oidc.client_secret": "统一登录客户端密钥",
    "oidc.scopes": "统一登录取的范围",
    "oidc.username_claim": "统一登录中的账号字段",
    "oidc.label": "统一登录按钮的文字",
    "rate_limits.sign_in_attempts": "登录连续错误几次锁定",
    "rate_limits.sign_in_window": "登录错误锁定多久",
    "rate_limits.api_per_minute": "接口每分钟调用次数",
    "rate_limits.body_bytes": "一次请求最多字节",
    "mail.enabled": "发送邮件",
    "mail.host": "邮件服务器",
    "mail.port": "邮件端口",
    "mail.starttls": "邮件加密（STARTTLS）",
    "mail.username": "邮件账号",
    "mail.password": "邮件密码",
    "mail.sender": "发件人",
    "mail.apprise_urls": "其他提醒渠道",
    "mail.retry_for": "邮件重试多久",
    "passwords.change_first": "首次登录改密码",
    "passwords.history": "不能与最近几个密码相同",
    "passwords.longest_age": "密码最长使用时间",
    "passwords.warned": "密码到期提前提醒",
    "passwords.shortest": "密码最短长度",
    "passwords.classes": "密码字符类数",
    "proxy.addresses": "反向代理地址",
    "proxy.hops": "反向代理层数",
    "metrics.addresses": "可取监控指标的地址",
    "metrics.token": "监控指标令牌",
    "tracing.endpoint": "调用跟踪接收地址",
    "tracing.percent": "调用跟踪采样比例",
    "hsts_days": "只用加密连接（HSTS）天数",
    "timeouts.connect": "数据库连接时限",
    "timeouts.tcp": "数据库网络时限",
    "timeouts.statement": "数据库语句时限",
    "timeouts.lock": "数据库锁等待时限",
    "timeouts.idle_in_transaction": "数据库空闲事务时限",
    "timeouts.long_statement": "数据库长语句时限",
    "studio.four_eyes": "流程发布两人审核",
    "studio.scenarios": "流程发布须通过场景",
    "studio.proof": "流程发布须通过证明",
    "seal.at": "每日封存时间",
    "seal.key_file": "封存密钥文件",
    "seal.witness": "封存见证目录",
    "seal.mail": "封存见证邮箱",
    "seal.command": "封存签名程序",
    "seal.command_seconds": "封存签名程序时限",
    "verify.nightly": "夜间核验",
    "verify.at": "夜间核验时间",
    "verify.jobs": "核验并行数",
    "access_kept": "访问记录保存天数",
    "accounts.separate": "三员分立",
    "accounts.by_two": "授权两个人",
    "accounts.proposal_lifetime": "授权申请有效期",
    "accounts.one_session": "账号只能一处登录",
    "second_factor.roles": "必须二次验证的角色",
    "second_factor.issuer": "二次验证程序里的名称",
    "second_factor.key_file": "动态口令密钥文件",
    "supervision.urge_text": "催办文字",
    "supervision.circular_step": "通报审批步骤",
    "supervision.accepting": "督办台可批量受理的步骤",
    "supervision.issuing": "督办台可批量签发的步骤",
    "files.place": "附件存放处",
    "files.endpoint": "附件存储服务地址",
    "files.region": "附件存储区域",
    "files.key": "附件存储访问编号",
    "files.secret": "附件存储密钥",
    "files.scan_address": "查毒服务地址",
    "files.scan_command": "查毒程序",
    "files.scan_seconds": "查毒时限",
    "files.scan_required": "附件必须查毒",
    "files.draft_days": "未提交的附件保留天数",
}
"""Setting, as ``Settings`` names it → its name for people."""
TIMES_OF_DAY = frozenset({"office_opens", "office_closes", "seal.at", "verify.at"})
"""Settings whose value ``02:30:00`` is a time of day and no length of time."""
_ROBOT: Mapping[str, str] = {
    "enabled": "启用",
    "base": "服务地址",
    "app": "应用编号",
    "agent": "应用代号",
    "secret": "应用密钥",
    "robot": "群机器人",
    "robot_secret": "群机器人密钥",
}
_FAMILIES: Mapping[str, str] = {
    "paper_formats": "文号格式",
    "notice_kinds": "自定提醒",
    "contacts.tags": "一并开展的活动",
    "supervision.channels": "催办方式",
    "process": "流程图用的值",
}
"""Tables whose keys an office makes → what one of them is; the key follows in quotation marks."""


def label_of(name: str) -> str:
    """The name of a setting for people, empty where it has none. ``name`` is as ``Settings`` has it."""
    if name in LABELS:
        return LABELS[name]
    table, _, key = name.rpartition(".")
    if table in ("mail.wechat", "mail.dingtalk") and key in _ROBOT:
        return f"{'企业微信' if table == 'mail.wechat' else '钉钉'}{_ROBOT[key]}"
    return f"{_FAMILIES[table]}“{key}”" if table in _FAMILIES else ""
