"""Pinyin and search grams of names.

Staff type 张伟, zhangwei, zhangw or zw and expect the client. Surnames are read as surnames: 单 is Shan and
not dan, 仇 is Qiu and not chou. ü is written v, as Chinese keyboards do (吕 = lv).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from clients.identity.text import clean, normalise_name
from clients.identity.traditional import simplified

#: Surnames with more than one reading, most of which pypinyin, knowing only the character, takes for the common word.
SURNAMES = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "查": "zha", "区": "ou", "朴": "piao", "翟": "zhai",
    "缪": "miao", "盖": "ge", "吕": "lv", "秘": "bi", "冼": "xian", "洗": "xian", "折": "she", "员": "yun",
    "贠": "yun", "郇": "xun", "召": "shao", "种": "chong", "重": "chong", "黑": "he", "覃": "qin", "尉": "wei",
    "牟": "mu", "祭": "zhai", "繁": "po", "乐": "yue", "卜": "bu", "占": "zhan", "粘": "nian", "炅": "gui",
    "句": "gou", "藏": "zang", "乜": "nie", "哈": "ha", "那": "na", "阚": "kan", "行": "xing", "长": "zhang",
    "幺": "yao", "薄": "bo", "都": "du", "车": "che", "纪": "ji", "任": "ren", "华": "hua", "宁": "ning",
    "柏": "bai", "晟": "cheng", "訾": "zi", "郗": "xi", "莘": "shen", "逄": "pang", "呙": "guo", "禚": "zhuo",
    "沈": "shen", "谌": "chen", "臧": "zang", "隗": "wei", "应": "ying", "相": "xiang", "干": "gan", "会": "gui",
}  # fmt: skip

#: Surnames of two characters; they count as such in names of three or more.
COMPOUND_SURNAMES = {
    "欧阳": ("ou", "yang"), "司马": ("si", "ma"), "上官": ("shang", "guan"), "诸葛": ("zhu", "ge"),
    "尉迟": ("yu", "chi"), "长孙": ("zhang", "sun"), "司徒": ("si", "tu"), "司空": ("si", "kong"),
    "夏侯": ("xia", "hou"), "皇甫": ("huang", "fu"), "东方": ("dong", "fang"), "公孙": ("gong", "sun"),
    "令狐": ("ling", "hu"), "慕容": ("mu", "rong"), "宇文": ("yu", "wen"), "独孤": ("du", "gu"),
    "南宫": ("nan", "gong"), "端木": ("duan", "mu"), "轩辕": ("xuan", "yuan"), "万俟": ("mo", "qi"),
    "澹台": ("tan", "tai"), "赫连": ("he", "lian"), "呼延": ("hu", "yan"), "申屠": ("shen", "tu"),
    "淳于": ("chun", "yu"), "濮阳": ("pu", "yang"), "钟离": ("zhong", "li"), "闻人": ("wen", "ren"),
    "太史": ("tai", "shi"), "公冶": ("gong", "ye"), "宗政": ("zong", "zheng"), "鲜于": ("xian", "yu"),
    "拓跋": ("tuo", "ba"), "西门": ("xi", "men"), "百里": ("bai", "li"), "亓官": ("qi", "guan"),
    "颛孙": ("zhuan", "sun"), "乐正": ("yue", "zheng"), "漆雕": ("qi", "diao"), "梁丘": ("liang", "qiu"),
    "左丘": ("zuo", "qiu"), "叶赫": ("ye", "he"), "纳兰": ("na", "lan"), "完颜": ("wan", "yan"),
}  # fmt: skip

#: Characters whose reading in given names differs from the dictionary's first.
GIVEN_NAMES = {"茜": "qian", "晟": "sheng", "重": "chong", "参": "shen", "朝": "chao", "行": "xing", "卜": "bu"}

_HAN = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
_LATIN_WORD = re.compile("[^\\W_\u3007\u3400-\u9fff\U00020000-\U0003ffff](?:['\u2019]?[^\\W_\u3007\u3400-\u9fff])*")


class Pinyin(NamedTuple):
    """``full`` ("zhangwei") and ``initials`` ("zw") of a name, lower case, without blanks."""

    full: str
    initials: str


def to_pinyin(name: str, *, firm: bool = False) -> Pinyin:
    """Pinyin of a person's name; Latin words are lower-cased and count by their first letter.

    >>> to_pinyin("单雄信")
    Pinyin(full='shanxiongxin', initials='sxx')

    A firm's name is read as words instead (重庆 = chongqing) and has no surname.
    """
    normal = normalise_name(name)
    syllables = _firm_syllables(normal) if firm else _person_syllables(normal)
    # Numbers stay whole, people type them whole: 360 is no "3".
    initials = "".join(s if s[0].isdigit() else s[0] for s in syllables if s)
    return Pinyin("".join(syllables), initials)


def pinyin_query(text: str) -> str:
    """What was typed into a search box in the form that :class:`Pinyin` is stored in: "Zhang Wei", "lü" → "lv"."""
    plain = clean(text).lower().replace("u:", "v").translate(str.maketrans("üǖǘǚǜ", "vvvvv"))
    if not plain.isascii():
        # José is found by "jose"; ü is a letter of its own in pinyin and has become v above.
        plain = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
    return re.sub(r"[\s'\u2019\u00b7\-]", "", plain)


def split_name(name: str) -> tuple[str, str]:
    """Surname and given name of a Chinese name: 欧阳娜娜 → (欧阳, 娜娜).

    Names with a middle dot, Latin names and single characters have no surname to split off: ("", name).
    """
    normal = normalise_name(name)
    if len(normal) < 2 or not all(_HAN.match(c) for c in normal):
        return "", normal
    length = 2 if len(normal) > 2 and normal[:2] in COMPOUND_SURNAMES else 1
    return normal[:length], normal[length:]


def name_grams(name: str) -> list[str]:
    """Every character and every pair of neighbours of a name, each once, in order: the search index.

    张伟民 → 张 伟 民 张伟 伟民. Blanks and middle dots do not count, Latin letters are lower case. A name in traditional
    characters has those of its simplified form as well, and that form as a whole, so that it is found either way.
    """
    text = bare_name(name)
    plain = simplified(text)
    whole = [] if plain == text else [*_grams(plain), plain]
    return list(dict.fromkeys([*_grams(text), *whole]))


def query_grams(term: str) -> list[str]:
    """The grams that a name containing ``term`` must have.

    One character asks for itself, more ask for their pairs. From three characters on this is necessary but
    not sufficient (张伟 and 伟民 may stand apart): compare the text of the rows found as well.
    """
    text = bare_name(term)
    if len(text) < 2:
        return list(text)
    return list(dict.fromkeys(text[i : i + 2] for i in range(len(text) - 1)))


def bare_name(name: str) -> str:
    """A name as it is searched: without blanks and middle dots, Latin letters in lower case."""
    return re.sub(r"[\s\u00b7]", "", normalise_name(name).lower())


def _grams(text: str) -> list[str]:
    return [*text, *(text[i : i + 2] for i in range(len(text) - 1))]


def _person_syllables(name: str) -> list[str]:
    surname, given = split_name(name)
    if not surname:
        return _plain_syllables(name)
    if len(surname) == 2:
        return [*COMPOUND_SURNAMES[surname], *map(_given_reading, given)]
    return [SURNAMES.get(surname) or _reading(surname), *map(_given_reading, given)]


def _plain_syllables(text: str) -> list[str]:
    """Chinese characters one by one, runs of other letters and digits as words, all else dropped."""
    syllables = []
    for piece in re.finditer(f"{_HAN.pattern}|{_LATIN_WORD.pattern}", text):
        word = piece[0]
        syllables.append(_given_reading(word) if _HAN.match(word) else pinyin_query(word))
    return syllables


@lru_cache(maxsize=4096)
def _firm_syllables(name: str) -> list[str]:
    from pypinyin import lazy_pinyin

    syllables: list[str] = []
    for run in re.finditer(f"(?:{_HAN.pattern})+|{_LATIN_WORD.pattern}", name):
        syllables += lazy_pinyin(run[0]) if _HAN.match(run[0]) else [pinyin_query(run[0])]
    return syllables


def _given_reading(char: str) -> str:
    return GIVEN_NAMES.get(char) or _reading(char)


@lru_cache(maxsize=32768)
def _reading(char: str) -> str:
    """The first reading of one character; "" where the dictionary has none."""
    # 60 MB and 0.2 s: a web process that never saves a name does not pay for it.
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(char, errors="ignore"))
