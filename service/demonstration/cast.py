"""The demonstration's people side: leaders, officers, talents and what is written of them. Nobody in it exists."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

MEMBER_UNITS = ("organization", "hrss", "edu", "housing", "health", "sci", "finance", "police")
OFFICES = ("district_office", "npc_office", "cppcc_office")

_SURNAMES = "欧阳 司徒 上官 慕容 东方 南宫 西门 独孤 令狐 诸葛 皇甫 尉迟 公孙 轩辕 宇文 长孙 夏侯 澹台"
_GIVEN = "云舒 听泉 望舒 临川 星野 观澜 怀瑜 知许 照夜 若谷 清和 行舟 见山 修远 停云 疏桐 如晦 破浪"


def names(chance: Random) -> list[str]:
    """Every made-up name there is, in the order of chance: a storybook surname with a poem's given name."""
    found = [surname + given for surname in _SURNAMES.split() for given in _GIVEN.split()]
    chance.shuffle(found)
    return found


@dataclass(frozen=True, slots=True)
class Post:
    """A leader's post. ``key`` names the demonstration's leader; ``body`` is of class A, ``duty`` of class B."""

    key: str
    klass: str
    unit: str
    post: str
    portfolio: str
    body: str | None = None
    duty: str | None = None
    person: str | None = None
    """The holder of the post, where the person is another post's."""
    short: int = 0
    """Talents fewer than the quota asks for."""


def _a(key: str, body: str, unit: str, post: str, portfolio: str, short: int = 0) -> Post:
    return Post(key, "A", unit, post, portfolio, body=body, short=short)


CLASS_A: tuple[Post, ...] = (
    _a("a-organization", "party_committee", "district_office", "区委常委、组织部部长", "组织、干部、人才工作"),
    _a("a-deputy", "party_committee", "district_office", "区委副书记", "党群、乡村振兴、现代农业"),
    _a("a-congress", "congress", "npc_office", "区人大常委会主任", "主持区人大常委会全面工作，联系先进制造企业"),
    _a("a-congress-2", "congress", "npc_office", "区人大常委会副主任", "教科文卫，联系高等院校", short=1),
    _a("a-executive", "government", "district_office", "常务副区长", "发展改革、财政金融、数字政府"),
    _a("a-industry", "government", "district_office", "副区长", "工业、科技、氢能、新材料"),
    _a("a-society", "government", "district_office", "副区长", "教育、卫生健康、生物医药"),
    _a("a-conference", "conference", "cppcc_office", "区政协主席", "主持区政协全面工作，联系人工智能企业"),
    _a("a-leaving", "government", "district_office", "副区长", "城乡建设、绿色建筑、交通"),
)
"""Beside the three of the organization. The last one's post ends, and nobody has taken over yet."""

PORTFOLIOS = {
    "leader": "人才、人力资源和社会保障、对外合作",
    "程望津": "政法、平安建设、数字安全",
    "温如故": "科技创新、机器人与智能装备",
}
"""Of the organization's three leaders."""


def _b(unit: str, head: str, deputy: str, work: str, short: int = 0, third: str = "") -> tuple[Post, ...]:
    found = [
        Post(f"b-{unit}-1", "B", unit, head, f"主持全面工作，{work}", duty="principal"),
        Post(f"b-{unit}-2", "B", unit, deputy, f"{work}、人才工作", duty="talent", short=short),
    ]
    if third:
        found.append(Post(f"b-{unit}-3", "B", unit, third, f"{work}、产业人才服务", duty="talent"))
    return tuple(found)


CLASS_B: tuple[Post, ...] = (
    Post("b-organization-1", "B", "organization", "部长", "主持全面工作", duty="principal", person="a-organization"),
    Post("b-organization-2", "B", "organization", "副部长", "人才工作", duty="talent"),
    *_b("hrss", "局长", "副局长", "就业创业、技能人才", third="党组成员、副局长"),
    *_b("edu", "局长", "副局长", "职业教育、院校合作", third="党组成员、副局长"),
    *_b("housing", "局长", "副局长", "住房保障、绿色建筑", short=1),
    *_b("health", "局长", "副局长", "医疗卫生、生物医药", third="党组成员、副局长"),
    *_b("sci", "局长", "副局长", "科技创新、智能装备", third="党组成员、副局长"),
    *_b("finance", "局长", "副局长", "财政金融、数字经济", short=1),
    *_b("police", "局长", "副局长", "数字安全、出入境服务"),
)
LEAVER, SUCCESSOR = "b-edu-2", "b-edu-4"
"""Of class B: whose post ends in the course of the year, and who takes the talents over."""
NEWCOMER = "b-finance-3"
"""Of class B: began lately, without a service team, so that the links wait."""
HELD = "a-leaving"


@dataclass(frozen=True, slots=True)
class Employer:
    """Where talents work: ``unit`` answers for it."""

    name: str
    unit: str
    town: str
    fields: str
    platform: str | None
    posts: tuple[str, ...]


_LAB = ("首席研究员", "实验室副主任", "青年研究员")
_FIRM = ("总工程师", "研发总监", "创始人")

EMPLOYERS: tuple[Employer, ...] = (
    Employer("云岫人才发展研究院", "organization", "guicheng", "人才政策、组织行为", None, ("研究员", "研究室主任")),
    Employer("松涛乡村振兴学院", "organization", "xiqiao", "现代农业、乡村治理", None, ("教授", "副院长")),
    Employer("望潮技能大师工作室", "hrss", "shishan", "精密模具、技能人才培养", None, ("首席技师", "高级技师")),
    Employer("流萤人力资源科技有限公司", "hrss", "guicheng", "就业大数据、人力资源服务", None, _FIRM),
    Employer("听雨职业技术学院", "edu", "lishui", "职业教育、院校合作、数控技术", None, ("教授", "专业带头人")),
    Employer("晴川未来教育研究中心", "edu", "guicheng", "智慧教育、学习科学", "岭南未来教育平台", _LAB),
    Employer("青瓦绿色建筑研究院", "housing", "danzao", "绿色建筑、装配式结构", "仙湖绿色建造中心", _LAB),
    Employer("长虹水环境工程有限公司", "housing", "jiujiang", "水环境治理、海绵城市", None, _FIRM),
    Employer("杏林精准医学中心", "health", "guicheng", "精准医学、肿瘤早筛", "岭南精准医学平台", _LAB),
    Employer("采薇生物医药有限公司", "health", "lishui", "生物医药、中药现代化", None, _FIRM),
    Employer("星汉智能装备有限公司", "sci", "shishan", "智能装备、工业机器人", "星汉机器人实验室", _FIRM),
    Employer("扶摇氢能实验室", "sci", "danzao", "氢能、燃料电池、新材料", "仙湖氢能平台", _LAB),
    Employer("千帆数字金融研究中心", "finance", "guicheng", "数字经济、绿色金融", "千帆数据要素平台", _LAB),
    Employer("白鹭产业投资有限公司", "finance", "guicheng", "科技金融、产业投资", None, ("首席分析师", "合伙人")),
    Employer("磐石数字安全实验室", "police", "dali", "数字安全、密码应用", "磐石安全靶场", _LAB),
    Employer("燃犀智能感知有限公司", "police", "dali", "视频感知、人工智能", None, _FIRM),
)

RECOGNITIONS: tuple[tuple[int | None, int | None, str], ...] = (
    (3, 3, "省级领军人才（演示）"),
    (4, 4, "区高层次人才（演示）"),
    (4, None, "四类人才（演示）"),
    (2, 2, "国家级领军人才（演示）"),
    (None, 4, "地方级领军人才（演示）"),
    (3, None, "三类人才（演示）"),
)

SUMMARIES = {
    "visit": (
        "到{employer}走访{who}，了解{fields}方向研究进展和团队建设情况，实地察看实验场地，听取需要协调的事项。",
        "约见{who}，通报区里近期人才政策，了解其科研和生活情况，鼓励其继续深耕{fields}。",
    ),
    "symposium": ("召集联系对象集中座谈，通报全区经济社会发展情况，听取对人才工作的意见。",),
    "activity": ("邀请{who}参加区里组织的活动，与其他高层次人才交流{fields}领域合作。",),
    "discussion": ("与{who}就{fields}领域的产业规划作专题讨论，请其提出专业意见。",),
    "letter": ("收到{who}来信，反映{employer}近期项目进展，已书面回复。",),
    "phone": ("电话联系{who}，了解近期工作和生活情况，提醒人才认定年度核对事项。",),
    "online": ("通过网络与{who}交流，发送新出台的人才政策摘要，解答申报问题。",),
    "consultation": ("就{fields}领域一项重大决策向{who}咨询，其书面提出意见，已转有关部门研究。",),
}
OPINIONS = (
    "建议区里统筹大型科研仪器共享，降低中小团队的研发成本。",
    "希望人才公寓续租手续能够网上办理，减少来回跑动。",
    "建议产业园区增设通勤班车，方便青年科研人员上下班。",
    "希望与本地企业开展联合攻关，请协助搭建对接平台。",
    "建议优化人才项目经费的拨付流程，缩短拨付时间。",
    "希望组织同领域人才定期交流，形成常态化机制。",
    "建议加强外籍专家来区工作的出入境指引。",
)
ANSWERS = (
    "已向有关部门了解情况并电话答复，现有政策可以支持，已告知办理途径。",
    "已纳入年度人才活动计划，届时邀请参加。",
    "已转有关部门研究，进展将由联络员及时告知。",
)
RESTRICTED = (
    "近期工作压力较大，睡眠不好，希望暂不扩散，由联络员私下多关心。",
    "家中老人住院，情绪有波动；本人不希望单位知道。",
    "对现单位的考核安排有想法，正在考虑去留，需领导亲自做工作。",
)
LEARNT = (
    ("research", "牵头的省重点研发项目进入中期，已完成样机两台，正在做可靠性试验。"),
    ("business", "企业上半年订单平稳，新产线预计年底投产，需提前招聘技术工人。"),
    ("discipline", "所在方向正筹建区重点实验室，已与两所高校谈妥共用仪器。"),
    ("training", "带教青年工程师三名，其中一名拟申报高级职称。"),
    ("research", "新授权发明专利两项，成果转化正在洽谈合作企业。"),
)
FOLLOW_UPS = ("联络员一个月内回访。", "由区人才办协调有关单位后答复。", "下次走访时了解落实情况。")
MATTERS: tuple[tuple[str, str, str, str | None], ...] = (
    (
        "hrss",
        "职称申报材料指导",
        "{who}咨询高级职称申报条件，请求协助梳理业绩材料。",
        "已安排专人一对一指导，材料已提交。",
    ),
    ("edu", "附近幼儿园学位咨询", "{who}咨询住处附近公办幼儿园报名时间。", "已告知报名时间和所需材料，并提前提醒。"),
    ("health", "体检中心预约", "{who}希望协助预约年度体检。", "已在定点医院预约并陪同完成体检。"),
    ("sci", "科技项目申报辅导", "{who}首次申报区科技项目，希望有人辅导。", "已组织申报辅导，项目通过形式审查。"),
    ("police", "居住证办理指引", "{who}的团队成员需办理居住证。", "已由窗口集中受理，三个工作日内办结。"),
    ("housing", "公寓设施报修", "{who}反映人才公寓空调损坏。", "已联系物业更换，当日恢复使用。"),
    ("finance", "贴息政策咨询", "{who}咨询创业贷款贴息所需票据。", None),
    ("organization", "疗休养报名", "{who}希望参加今年的专家疗休养。", None),
)
"""Unit, title, description, and the result where there is one."""
