"""The words for the properties of tasks and processes and for the parameters of actions, on pages and in messages."""

from __future__ import annotations

from collections.abc import Mapping

from service.processes import properties

TASK_TITLES: Mapping[str, str] = {
    "stage": "环节",
    "form": "表单",
    "candidates": "谁办",
    "due": "期限",
    "due_basis": "期限的依据",
    "warn": "提前几个工作日变黄灯",
    "sign": "处理单签署栏",
    "clock": "不计期限，只显示天数",
    "about": "决定的是哪些单位的事",
}
PROCESS_TITLES: Mapping[str, str] = {
    properties.TITLE: "事项标题",
    properties.STAGES: "有哪些环节",
    properties.GIVEN: "由系统发起时带来的数据",
    properties.OCCASION: "什么时候办",
    properties.WORK: "谁做什么",
    properties.BUTTON: "发起按钮上的字",
    properties.PURPOSE: "为什么发起",
    properties.PAGE: "记录在哪一页",
    properties.ORDER: "排在第几",
}
PARAMETER_TITLES: Mapping[str, str] = {
    "again": "每到一次编一个新号",
    "assisting_units": "协办单位",
    "before": "原来的信息",
    "brief": "专报",
    "change_type": "变动类别",
    "changes": "要改的内容",
    "clear": "要清空的内容",
    "confirm": "同时记为已核实",
    "counter": "编号系列",
    "decided_on": "确定日期",
    "decision": "结论",
    "document_no": "文号",
    "due_on": "到期日",
    "event_date": "发生日期",
    "except_ids": "除外的人才",
    "format": "编号的格式",
    "half": "上半年还是下半年",
    "kind": "哪一种",
    "lead_unit": "主办单位",
    "leader_id": "领导的任职",
    "month": "月",
    "note": "说明",
    "on": "哪一天",
    "per": "按什么分开编号",
    "person": "人员",
    "plans": "下步打算",
    "reason": "原因",
    "report": "报告",
    "role": "角色",
    "roles": "角色",
    "roster_id": "名单",
    "source": "依据",
    "starts_on": "开始日期",
    "step": "步骤",
    "successor_id": "接任领导",
    "talent_id": "人才",
    "talents": "哪些人才",
    "text": "说的话",
    "unit": "单位",
    "units": "单位名单",
    "value": "值",
    "within": "几个工作日以内",
    "work": "工作情况",
    "year": "年",
}
SIGNS = {"office": "转办意见", "unit": "办理情况", "group": "领导小组意见"}
