"""What clients write into the free field of a survey."""

from __future__ import annotations

from typing import NamedTuple


class Comment(NamedTuple):
    """A comment with the satisfaction (1 worst to 5 best) and recommendation (0 to 10) it goes with."""

    satisfaction: int
    recommend: int
    text: str


def comments_for(satisfaction: int) -> list[Comment]:
    """The comments that fit a satisfaction score."""
    return [c for c in COMMENTS if c.satisfaction == satisfaction]


COMMENTS = (
    Comment(5, 10, "客户经理很有耐心，不懂的地方讲了好几遍，推荐给朋友了。"),
    Comment(5, 10, "问题当天就解决了，还专门打电话来说明原因，处理得很到位。"),
    Comment(5, 9, "柜台服务热情，排队时间短，老年人也能办得明白。"),
    Comment(5, 9, "投顾提醒及时，风险讲得清楚，不是一味推销产品。"),
    Comment(5, 10, "在这里开户十几年了，一直放心。"),
    Comment(5, 9, ""),
    Comment(4, 8, "整体不错，就是交易软件偶尔有点卡。"),
    Comment(4, 8, "答复比较专业，希望回电能再快一点。"),
    Comment(4, 8, "讲座内容实用，建议多安排在周末。"),
    Comment(4, 7, "佣金调整后比较满意，流程可以再简单些。"),
    Comment(4, 9, "回访人员态度很好，问题问得也不啰嗦。"),
    Comment(4, 8, ""),
    Comment(3, 6, "一般，换了三次客户经理，每次都要重新说明情况。"),
    Comment(3, 7, "处理结果可以接受，但等了将近一个月。"),
    Comment(3, 5, "电话打了两次才有人接，希望增加人手。"),
    Comment(3, 6, "资讯发得太多，希望只发我持有的股票。"),
    Comment(3, 6, ""),
    Comment(2, 3, "说好第二天回电，结果等了一周，最后还是我自己打过去的。"),
    Comment(2, 4, "佣金比朋友那边高不少，问了几次都没有明确说法。"),
    Comment(2, 3, "办一个手机号变更跑了两趟，材料要求没有一次说清楚。"),
    Comment(1, 0, "投诉处理像走过场，责任人没有道歉，不满意。"),
    Comment(1, 1, "系统卡顿造成的损失没有合理解释，准备转户。"),
    Comment(1, 2, "多次要求不要再打推销电话，还是接到了。"),
)
