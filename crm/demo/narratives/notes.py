"""Contact notes by purpose and channel."""

from __future__ import annotations

from typing import NamedTuple

CHANNELS = ("phone", "counter", "wechat", "email", "sms", "visit", "video")
PURPOSES = {
    "new_account": "新开户服务",
    "care": "客户关怀",
    "market": "市场资讯",
    "advice": "投资咨询",
    "product": "产品服务",
    "risk": "风险提示",
    "suitability": "适当性管理",
    "data": "资料更新",
    "assets": "资产变动",
    "margin": "融资融券",
    "business": "业务办理",
    "event": "活动邀请",
    "retention": "客户挽留",
    "complaint": "投诉沟通",
}


class Note(NamedTuple):
    """One entry of the contact log; ``text`` may hold ``{security}``, ``next_days`` is when to get in touch again."""

    purpose: str
    channel: str
    text: str
    next_days: int | None = None
    next_step: str = ""


def notes_for(*, purpose: str | None = None, channel: str | None = None) -> list[Note]:
    """The notes of a purpose, a channel, both or all."""
    return [n for n in NOTES if purpose in (None, n.purpose) and channel in (None, n.channel)]


NOTES = (
    # 新开户服务
    Note("new_account", "phone",
         "首次联系新开户客户，介绍交易软件下载、银证转账时间及客服热线。客户表示已能正常登录，暂未入金。", 7,
         "确认是否完成首笔银证转账"),
    Note("new_account", "phone",
         "客户开户后第三天回电，咨询创业板权限的开通条件。已说明需满20个交易日日均资产10万元及24个月交易经验。", 20,
         "条件满足后提醒办理"),
    Note("new_account", "wechat", "添加企业微信，发送新手操作指南及风险揭示材料。客户主要想做国债逆回购和货币基金。"),
    Note("new_account", "counter", "陪同配偶临柜开户，现场完成风险测评，结果为稳健型。已告知测评有效期及更新方式。", 14,
         "了解使用情况"),
    Note("new_account", "sms", "发送欢迎短信及投资者教育基地入口。"),
    # 客户关怀
    Note("care", "phone", "生日问候。客户近期在外地带孙子，操作不多，嘱咐有重要公告时提前打电话。"),
    Note("care", "phone", "节前问候，提醒长假期间休市安排及资金划转时间。客户表示感谢，无其他需求。"),
    Note("care", "visit",
         "上门拜访，客户腿脚不便，协助核对手机号码和银行卡信息。客户对服务很满意，希望保持每季度上门一次。", 90,
         "季度上门拜访"),
    Note("care", "wechat", "客户住院后康复，微信慰问。客户表示近期不看盘，账户暂不操作，一个月后再联系。", 30,
         "了解康复情况"),
    Note("care", "phone",
         "开户满十年致谢电话。客户回忆当年在大厅看盘的情形，对营业部感情较深，愿意介绍朋友来办理业务。"),
    Note("care", "phone", "电话无人接听，未留言。", 2, "换时段再次拨打"),
    # 市场资讯
    Note("market", "wechat", "发送公司研究所晨会纪要及行业周报，客户回复收到。"),
    Note("market", "phone", "客户询问近期成交量放大的原因。根据公司晨报观点作了说明，强调仅供参考，不构成投资建议。"),
    Note("market", "email", "按客户要求发送半导体行业深度报告（公司研究所发布），附风险提示。"),
    Note("market", "phone", "客户持有{security}，询问最新公告内容。已转述公告要点并提示查看交易所网站原文。"),
    Note("market", "sms", "发送可转债强制赎回提示短信，提醒客户关注最后交易日。"),
    Note("market", "phone", "提醒客户{security}配股缴款截止日，客户表示资金已备好，当天自行操作。", 1,
         "确认缴款是否成功"),
    # 投资咨询
    Note("advice", "phone",
         "客户希望降低单只股票的集中度，目前{security}占持仓六成以上。建议参考资产配置方案逐步分散，已说明风险，由客"
         "户自行决定。", 14, "了解调整情况"),
    Note("advice", "visit",
         "到营业部面谈四十分钟，梳理家庭资产情况：子女明年留学，需预留流动资金约五十万元。可投资期限三年，目标是稳健"
         "增值。", 10, "提供书面资产配置方案"),
    Note("advice", "video", "视频讲解资产配置方案，客户认可债券基金与宽基指数的搭配，希望把权益比例控制在四成以内。",
         30, "方案执行回顾"),
    Note("advice", "phone",
         "持仓诊断：客户持有十一只股票，多数为小市值品种。已结合公司研究报告说明各自风险，客户表示先观察。", 21,
         "跟进客户想法"),
    Note("advice", "wechat",
         "客户发来某直播间荐股截图询问真假。提醒警惕非法荐股，切勿转账或加入所谓会员群，已发送防骗案例。"),
    Note("advice", "phone", "客户询问定投方式。介绍了定投的原理和适用情形，强调基金净值会波动，不保证收益。", 7,
         "协助设置定投"),
    # 产品服务
    Note("product", "phone", "介绍本月新发的固收类产品要素和风险等级（R2），与客户测评等级匹配。客户要看过说明书再定。",
         5, "答疑并确认意向"),
    Note("product", "counter", "客户临柜咨询收益凭证。已出示产品说明书和风险揭示书，说明到期前不可赎回，客户考虑中。",
         3, "回复客户"),
    Note("product", "phone", "客户想买的私募产品风险等级为R5，高于其测评等级，已说明不能办理。客户表示理解。"),
    Note("product", "wechat", "产品到期提醒：客户持有的九十天期产品下周到期，询问到期后的资金安排，初步意向继续滚动。",
         7, "到期日确认"),
    Note("product", "email", "发送产品季度报告及净值变动说明。"),
    # 风险提示
    Note("risk", "phone", "客户持有的{security}被实施退市风险警示，已电话提示交易规则变化及风险，客户表示知晓。", 5,
         "确认客户是否收到书面提示"),
    Note("risk", "sms", "发送异常波动风险提示短信。"),
    Note("risk", "phone", "提示客户频繁大额申报后撤单可能构成异常交易行为，客户表示今后注意。"),
    Note("risk", "counter", "现场讲解退市整理期规则，客户签署风险揭示书。"),
    # 适当性管理
    Note("suitability", "phone", "客户风险测评将于三十日后到期，提醒通过手机端更新。客户希望到营业部当面填写。", 15,
         "预约临柜测评"),
    Note("suitability", "counter",
         "重新进行风险测评，由积极型调整为稳健型。客户说明退休后收入减少。已提示部分高风险权限不再匹配。"),
    Note("suitability", "phone", "测评已过期，客户表示近期出差，承诺两周内线上完成。", 14, "检查测评是否更新"),
    Note("suitability", "wechat", "发送线上测评入口及操作说明，客户当日完成，结果与上次一致。"),
    # 资料更新
    Note("data", "phone", "客户身份证件即将到期，提醒在有效期内更新，否则部分业务将受限。客户已预约换证。", 20,
         "确认新证件上传"),
    Note("data", "counter", "客户临柜更新手机号码及住址，核验身份证原件，复印件已归档。"),
    Note("data", "phone", "核实职业信息：客户已从原单位退休，同意更新资料，下次临柜时签字。"),
    Note("data", "phone", "预留号码已停机，通过备用联系人取得联系。客户人在外地，答应月底回来更新。", 25,
         "提醒更新联系方式"),
    # 资产变动
    Note("assets", "phone",
         "客户昨日转入较大金额，致电了解用途。客户称房屋出售款，准备做半年期稳健配置，希望推荐专人服务。", 3,
         "安排投资顾问对接"),
    Note("assets", "phone", "客户近一周转出大部分资金，了解原因：购房付首付，并非对服务不满。年底奖金到账后会再转回。",
         90, "年底前回访"),
    Note("assets", "phone", "资产已连续两个月高于金卡标准，告知等级评定规则及对应权益。客户关心佣金是否同步调整。", 10,
         "告知评定结果"),
    Note("assets", "wechat", "客户询问等级下调原因，解释月日均资产口径及三个月保护期，客户接受。"),
    # 融资融券
    Note("margin", "phone", "维持担保比例降至155%，提醒客户关注并预留资金。客户表示可追加担保物。", 1,
         "次日核对担保比例"),
    Note("margin", "phone", "担保比例低于平仓线，已按合同通知追保时限。客户答复今日下午转入资金，通话已录音。", 1,
         "核实资金到账"),
    Note("margin", "counter", "客户临柜申请提高授信额度，资料齐全，已提交审批。", 5, "反馈审批结果"),
    Note("margin", "sms", "发送融资合约展期提醒。"),
    # 业务办理
    Note("business", "counter", "协助老年客户重置交易密码并演示手机端操作，建议开启大字版。"),
    Note("business", "phone", "客户咨询转托管流程，说明所需材料及费用。", 3, "客户准备材料后预约办理"),
    Note("business", "counter", "办理创业板权限开通，完成双录及风险揭示书签署。"),
    Note("business", "phone", "银证转账失败，经查为银行端限额。已告知客户在网银调整限额后重试。", 1, "确认转账成功"),
    Note("business", "phone", "客户反映软件升级后无法登录，指导卸载重装后恢复正常，已同步信息技术岗。"),
    Note("business", "wechat", "发送新股申购操作说明及当周申购日历。"),
    # 活动邀请
    Note("event", "phone", "邀请参加周六投资策略报告会，客户确认出席，携配偶一同前来。", 4, "会前一天短信提醒"),
    Note("event", "wechat", "发送投资者教育讲座报名链接，客户因出差婉拒，希望提供回放。"),
    Note("event", "visit", "客户参加高端客户沙龙，会后交流资产传承话题，有意进一步了解家族信托。", 10,
         "安排总部专家沟通"),
    # 客户挽留
    Note("retention", "phone",
         "客户提出销户，原因是同城其他券商佣金更低。已说明现有服务内容及佣金优惠申请条件，客户同意考虑一周。", 7,
         "跟进挽留结果"),
    Note("retention", "phone", "休眠账户激活回访：客户三年未交易，忘记密码。说明可线上找回，客户表示有空再办。", 30,
         "再次联系"),
    Note("retention", "visit", "客户因原客户经理离职有些失落，介绍新的服务人员并当面交接，客户情绪平稳。", 14,
         "新服务人员首次回访"),
    # 投诉沟通
    Note("complaint", "phone", "就客户反映的佣金问题致歉并说明调整记录，客户要求书面答复，已转投诉专员登记。", 2,
         "跟进投诉处理进度"),
    Note("complaint", "phone", "告知投诉处理结果，客户对处理速度表示认可，对补偿方式无异议。", 15, "处理后满意度回访"),
)  # fmt: skip
