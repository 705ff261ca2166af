"""The words for the entries in the journals of cases, definitions and the calendar.

``web.timeline`` tells the course of a case with these words; what moves no work of anybody it leaves out.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.fields import Entry, Field

ENTRIES: Mapping[str, Entry] = {
    # Inputs
    "started": Entry("发起"),
    "completed": Entry("完成"),
    "returned": Entry("退回"),
    "taken_back": Entry("撤回"),
    "message": Entry("收到消息"),
    "terminated": Entry("终止"),
    "timer_fired": Entry("到时"),
    "calendar_changed": Entry("工作日历调整"),
    "woken": Entry("升级后重新等待"),
    "extended": Entry("同意延期"),
    "shifted": Entry("期限顺延"),
    "migrated": Entry("迁移流程版本"),
    "renewed": Entry("按新版更新步骤"),
    "action": Entry("自动步骤"),
    # Effects
    "entered": Entry("进入步骤"),
    "cancelled": Entry("步骤不再需要"),
    "reopened": Entry("步骤恢复办理"),
    "due_changed": Entry("到期日调整"),
    "ended": Entry("结束"),
    "advanced": Entry("流程推进"),
    # Notes
    "claimed": Entry("领办"),
    "released": Entry("退领"),
    "claim_ended": Entry("领办终止"),
    "acknowledged": Entry("签收"),
    "reassigned": Entry("转办"),
    "commented": Entry("沟通"),
    "copied": Entry("抄送"),
    "copy_withdrawn": Entry("撤回抄送"),
    "copy_read": Entry("阅读抄送"),
    "linked": Entry("关联"),
    "unlinked": Entry("解除关联"),
    "joined": Entry("并案"),
    "took_in": Entry("并入"),
    "parted": Entry("拆出"),
    "let_out": Entry("拆出并入的事项"),
    "extension_asked": Entry("申请延期"),
    "extension_refused": Entry("不同意延期"),
    "extension_dropped": Entry("撤销延期申请"),
    "urged": Entry("催办"),
    "supervised": Entry("批量督办"),
    "numbered": Entry("给号"),
    "stamped": Entry("用印", (Field("name", "印章"), Field("title", "文书"), Field("paper_sha256", "文书摘要"))),
    "suspended": Entry("挂起"),
    "resumed": Entry("恢复办理"),
    "incident_retried": Entry("重试异常"),
    "printed": Entry("打印", (Field("name", "文件名"), Field("sha256", "摘要"))),
    "timer_failed": Entry("到时未能执行"),
    # Incidents and planned starts
    "incident_opened": Entry("发生异常"),
    "incident_closed": Entry("异常处理完毕"),
    "schedule_planned": Entry("安排定时启动"),
    "schedule_dropped": Entry("取消定时启动"),
    "schedule_started": Entry("定时启动"),
    "schedule_failed": Entry("定时启动失败"),
    "schedule_retried": Entry("重试定时启动"),
    # Definitions and the calendar
    "deployed": Entry("发布流程"),
    "redrawn": Entry("调整流程图布局"),
    "prints_kept": Entry("固定系统打印模板"),
    "scenarios_replaced": Entry("更新流程用例"),
    "scenarios_kept": Entry("保存流程用例"),
    "calendar_loaded": Entry("启用工作日历"),
    "notices_added": Entry("登记放假安排"),
    "notices_filed": Entry("配置文件中的放假安排"),
    "notices_withdrawn": Entry("撤销放假安排、停工"),
}
"""Kinds of entries: inputs move a case, effects follow from them, notes move no token."""
