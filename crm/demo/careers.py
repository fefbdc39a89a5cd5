"""What demo people do for a living: occupations by age and sex, education by generation, invented employers."""

from __future__ import annotations

import random
from datetime import date

from clients.identity import Sex

#: Occupation -> weight among people of working age. The words are those of account-opening forms.
WORKING = {
    "企业职员": 260, "个体工商户": 120, "企业管理人员": 95, "工程技术人员": 90, "教师": 60, "医护人员": 45,
    "公务员": 50, "事业单位职员": 55, "财会人员": 50, "销售人员": 60, "自由职业": 55, "私营企业主": 45,
    "金融从业人员": 20, "律师": 8, "司机": 25, "制造业工人": 50, "服务业人员": 40, "媒体及设计人员": 15,
}  # fmt: skip
#: Educations from low to high with weights, by decade of birth.
EDUCATION = {
    1930: {"初中及以下": 45, "高中": 25, "中专": 15, "大专": 10, "本科": 5},
    1960: {"初中及以下": 30, "高中": 30, "中专": 12, "大专": 18, "本科": 9, "硕士": 1},
    1970: {"初中及以下": 18, "高中": 22, "中专": 14, "大专": 24, "本科": 19, "硕士": 3},
    1980: {"初中及以下": 8, "高中": 14, "中专": 10, "大专": 25, "本科": 34, "硕士": 8, "博士": 1},
    1990: {"初中及以下": 4, "高中": 9, "中专": 8, "大专": 23, "本科": 43, "硕士": 12, "博士": 1},
    2000: {"高中": 14, "中专": 6, "大专": 24, "本科": 48, "硕士": 8},
}
NEEDS_DEGREE = frozenset({"工程技术人员", "教师", "医护人员", "公务员", "金融从业人员", "律师", "媒体及设计人员"})
DEGREES = ("大专", "本科", "硕士", "博士")

# Public bodies by kind only, as the forms ask for the kind; firms get a made-up name.
PUBLIC_EMPLOYERS = {
    "教师": ("市属中学", "区属小学", "公立幼儿园", "职业技术学院", "市属高校"),
    "医护人员": ("三级甲等医院", "区中心医院", "社区卫生服务中心", "中医医院"),
    "公务员": ("区级机关", "街道办事处", "市级机关"),
    "事业单位职员": ("设计研究院", "图书馆", "检验检测中心", "公园管理处"),
    "金融从业人员": ("商业银行支行", "保险公司分公司", "融资租赁公司"),
    "律师": ("律师事务所",),
}
WITHOUT_EMPLOYER = frozenset({"自由职业", "退休", "学生", "家庭主妇", "待业"})

FIRM_WORDS = [
    "恒泰", "鑫源", "瑞丰", "华盛", "宏远", "卓越", "锦程", "天和", "博远", "佳禾", "启明", "联创", "汇通", "东升",
    "永兴", "明德", "嘉业", "安信达", "金桥", "新锐", "众和", "凯旋", "德润", "远景", "丰华", "智联", "海纳",
    "盛世", "百川", "泰康源", "信达诚", "润泽", "合众", "晨曦", "优品", "世纪星", "大成", "长青", "万象", "景程",
]  # fmt: skip
FIRM_TRADES = [
    "贸易", "科技", "机电设备", "建筑工程", "物流", "餐饮管理", "电子", "服饰", "商务咨询", "信息技术", "装饰工程",
    "化工", "食品", "文化传媒", "精密机械", "医疗器械", "包装材料", "家居", "汽车配件", "新材料",
]  # fmt: skip


def occupation_of(maker: random.Random, *, age: int, sex: Sex) -> str:
    """An occupation that fits age and sex; women retire from 50 or 55, men from 60."""
    if age < 23 and maker.random() < 0.6:
        return "学生"
    retired_from = 60 if sex == Sex.MALE else maker.choice((50, 55, 55))
    if age >= retired_from and maker.random() < (0.93 if age >= 65 else 0.8):
        return "退休"
    aside = maker.random()
    if aside < 0.03 and sex == Sex.FEMALE:
        return "家庭主妇"
    if aside > 0.985:
        return "待业"
    return maker.choices(list(WORKING), list(WORKING.values()))[0]


def education_of(maker: random.Random, *, born: date, occupation: str) -> str:
    """An education usual for the generation; professions that ask for a degree have one."""
    levels = EDUCATION[max((year for year in EDUCATION if year <= born.year), default=1930)]
    level = maker.choices(list(levels), list(levels.values()))[0]
    if occupation in NEEDS_DEGREE and level not in DEGREES:
        return maker.choice(DEGREES[:2])
    return level


def marital_status_of(maker: random.Random, age: int) -> str:
    """Single, married, divorced or widowed, as likely as the age makes it."""
    if age < 24:
        return "未婚"
    if age < 32:
        return maker.choices(("未婚", "已婚"), (55, 45))[0]
    widowed = 1 if age < 60 else 8 if age < 72 else 25
    return maker.choices(("未婚", "已婚", "离异", "丧偶"), (6, 83, 9, widowed))[0]


def employer_of(maker: random.Random, *, occupation: str, city: str) -> str:
    """Where somebody of this occupation works; "" for those who work nowhere."""
    if occupation in WITHOUT_EMPLOYER:
        return ""
    if occupation in PUBLIC_EMPLOYERS:
        return maker.choice(PUBLIC_EMPLOYERS[occupation])
    if occupation == "个体工商户":
        return f"{maker.choice(FIRM_WORDS)}{maker.choice(('商行', '便利店', '餐馆', '服装店', '五金店', '美容院'))}"
    return firm_name(maker, city)


def firm_name(maker: random.Random, city: str) -> str:
    """A believable firm that we know of nobody having: "上海锦程机电设备有限公司"."""
    form = maker.choices(("有限公司", "股份有限公司", "(集团)有限公司"), (90, 7, 3))[0]
    return f"{city.removesuffix('市')}{maker.choice(FIRM_WORDS)}{maker.choice(FIRM_TRADES)}{form}"
