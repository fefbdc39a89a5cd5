"""The sources of the figures that the product brings, in the reader's language; what a branch writes itself stays as written."""

from __future__ import annotations

from django.utils.translation import gettext, gettext_noop

#: As ``crm/policies.toml`` has them. A source that is Chinese throughout, the name of a rule, needs no entry.
SOURCES = frozenset(
    (
        gettext_noop("投资者适当性管理; follow-up at least every two years (2010 rule 三(二), 2023 细则)"),
        gettext_noop("Exchange options practice: assessment within one year"),
        gettext_noop("Public notice of a securities firm: 0–19, 20–36, 37–53, 54–82, 83–100"),
        gettext_noop("House rule"),
        gettext_noop("House text; 2010 notice and PIPL Art. 24"),
        gettext_noop("House rule; 2010 notice: a change is agreed with the client in writing"),
        gettext_noop("House rule: chain of approvals by depth"),
        gettext_noop("办法 Art. 30"),
        gettext_noop("办法 Art. 20; private funds 24 h"),
        gettext_noop("House rule; no age in the 办法"),
        gettext_noop("House rule: a question about clients of others, like looking at a masked value"),
        gettext_noop("House rule: 40 times and more high-frequency, 12 to 40 short, 3 to 12 medium, below 3 long"),
        gettext_noop("Usual number of trading days of the Shanghai and Shenzhen exchanges"),
        gettext_noop("Practice of brokers"),
        gettext_noop("Practice"),
        gettext_noop("2010 rule: within one month; 204号 for permissions"),
        gettext_noop("细则 2023; base without dormant and suspended accounts (2010)"),
        gettext_noop("Practice: three attempts on different days, then in writing"),
        gettext_noop("House rule: another day"),
        gettext_noop("投顾暂行规定 Art. 21 demands a procedure; the period is the house's"),
        gettext_noop(
            "Handling fees before the cut of 2023-08-28 (BSE: since it opened in 2021); regulation fee long-standing"
        ),
        gettext_noop("2023-08-28 handling fees; regulation fee long-standing. BSE: the regulation fee is not checked"),
        gettext_noop("House rule: the branch's cost line"),
        gettext_noop("Stamp duty on one side"),
        gettext_noop("财政部 税务总局公告 2023: halved"),
        gettext_noop("中国结算: halved"),
        gettext_noop("House design: average of the days on file without margin loans"),
        gettext_noop("House design: one month"),
        gettext_noop("House rule; 营业部客户服务与维护制度 Art. 9 (complete, correct, up to date)"),
        gettext_noop("House rule; ASVS 2.4.1, PIPL Art. 51 (least privilege)"),
        gettext_noop("PIPL Art. 50 (a handy mechanism); 15 working days are usual"),
        gettext_noop(
            "证券法 Art. 137; 办法 Art. 32; 2023 细则; 2010 rule; 投顾 Art. 28; 反洗钱法 Art. 34; "
            "our defaults where the law asks less"
        ),
        gettext_noop("办法 Art. 6 (what to collect), 反洗钱法 Art. 28–30; weights and months are the house's"),
        gettext_noop("House design: up at month-end, down at month-end after months below"),
        gettext_noop("Bank practice: three consecutive months"),
        gettext_noop("投诉处理工作指引 2021 (figures to be confirmed)"),
        gettext_noop("Exam-note practice: 3, 7 and 15 working days"),
        gettext_noop("2010 rule"),
        gettext_noop("House reading of: not simply tied to accounts opened or turnover"),
        gettext_noop("House reading of: must be important content"),
        gettext_noop("2010 rule; 204号"),
        gettext_noop("Anti-money-laundering guide"),
        gettext_noop("Anti-money-laundering guide: highest at most 6 months, each lower at most twice that"),
        gettext_noop("2007 rule Art. 19; notice of a broker"),
        gettext_noop("House rule; 网络安全法 Art. 21(3) demands 6 months"),
        gettext_noop("网络安全法 2016 Art. 21(3)"),
        gettext_noop("证券法 Art. 137"),
        gettext_noop("House rule: reason, approval and watermark"),
        gettext_noop("State Council notice usually in November"),
        gettext_noop("House rule; performance study: 44 % of clients move at 1,000 with sensible incumbents"),
        gettext_noop("House rule; switch on before real clients are entered"),
        gettext_noop("House rule; 营业部客户服务与维护制度 Art. 12 (attention to changed needs)"),
        gettext_noop("Exchange rule of 2019; grade and test are practice of brokers"),
        gettext_noop("Exchange rule for permissions since 2020-04-28; grade is practice of brokers"),
        gettext_noop("Exchange rule of 2021; STAR holders exempt from assets and experience; test of 80 is practice"),
        gettext_noop(
            "Exchange rules; test and grade are practice of brokers. One source asks 24 months, most ask none"
        ),
        gettext_noop("Investor rules of the NEEQ: 1m yuan, ten days, two years or work in finance"),
        gettext_noop("Investor rules of the NEEQ: 2m yuan, ten days, two years or work in finance"),
        gettext_noop(
            "融资融券业务管理办法: half a year, 500,000 yuan on 20 days, no shareholder or associate; assessment under two years"
        ),
        gettext_noop("Exchange options rules for persons; assessment within a year"),
        gettext_noop("Exchange rules since 2022-06"),
        gettext_noop("Grade by the list of a broker; a signed disclosure is asked, thresholds to be confirmed"),
        gettext_noop("Exchange rules: 500,000 yuan and two years, disclosure letter"),
        gettext_noop("适当性管理办法 Art. 8(4)"),
        gettext_noop("适当性管理办法 Art. 8(5)"),
        gettext_noop("适当性管理办法 Art. 11"),
        gettext_noop(
            "办法 Art. 22; public notices of securities firms: C1 to R1, C2 to R2, C3 to R3, C4 to R4, C5 to R5"
        ),
        gettext_noop("Own default"),
        gettext_noop("House rule: what one person can look through, and what one request can carry"),
        gettext_noop("House rule: what a filter of one branch leaves"),
        gettext_noop("House rule: what one request can carry"),
        gettext_noop("House rule: a day on which somebody notices it"),
        # xgettext:no-python-format
        gettext_noop("House figures; 130 % is the usual close-out line of brokers"),
    )
)


def source_in_words(source: str) -> str:
    """The source of a figure as people read it."""
    return gettext(source) if source in SOURCES else source
