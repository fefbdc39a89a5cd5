"""Address books as phones, mail programs and Outlook write them: one card is one row of a table."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from crm.core.importing.problems import FileRefused
from crm.core.importing.reader import read
from crm.core.importing.table import FileOptions, Limits
from crm.core.importing.vcardfile import joined
from tests.factories.files import damaged

BOOKS = Path(__file__).resolve().parents[2] / "data" / "vcards"


def rows(raw: bytes, **options: object) -> list[dict[str, str]]:
    table = read(raw, FileOptions(**options), Limits())
    assert table.kind == "vcard"
    return [dict(zip(table.headers, record.cells, strict=True)) for record in table.records]


def card(*lines: str, version: str = "3.0", end: str = "\r\n") -> bytes:
    return (end.join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD"]) + end).encode()


def test_outlook_writes_2_1_with_bare_types_and_quoted_printable():
    (found,) = rows((BOOKS / "John_Doe_MS_OUTLOOK.vcf").read_bytes())

    assert found["name"] == "Mr. John Richter James Doe Sr."
    assert found["phones"].splitlines() == ["(905) 555-1234", "(905) 666-1234"]
    assert (found["company"], found["department"], found["title"]) == ("IBM", "Accounting", "Money Counter")
    assert found["birthday"] == "1980-03-22"
    assert found["address"] == "Cresent moon drive, Albaney, New York, 12345, United States of America"


def test_gmail_writes_3_0_with_groups_and_many_of_everything():
    (found,) = rows((BOOKS / "gmail-single2.vcf").read_bytes())

    phones = found["phones"].splitlines()
    assert phones[0] == found["phone"] == "5555551115"  # the mobile first
    assert len(phones) == 8  # eleven less two faxes and a pager
    assert len(found["emails"].splitlines()) == 5
    assert len(found["addresses"].splitlines()) == 5
    assert "111 Main St" in found["address"]


def test_android_writes_one_file_of_many_cards_and_a_cut_character_spoils_no_other_value():
    found = rows((BOOKS / "John_Doe_ANDROID.vcf").read_bytes())

    assert len(found) == 6
    assert found[3]["name"] == "Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ"
    assert found[3]["phones"].splitlines()[0] == "123456"
    assert found[5]["name"] == "ÑÑÑÑ"


def test_version_4_writes_uris_and_preferences():
    (found,) = rows(
        card(
            "UID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1",
            "FN:张伟",
            "GENDER:M",
            "BDAY:19800315",
            'TEL;VALUE=uri;PREF=2;TYPE="voice,home":tel:+86-21-68888888;ext=802',
            "TEL;VALUE=uri;PREF=1;TYPE=cell:tel:+86-138-0013-8000",
            "EMAIL;PREF=1:a@example.cn",
            "ADR;TYPE=home:;;世纪大道100号;浦东新区;上海市;200120;中国",
            "ORG:某某公司;研究部",
            version="4.0",
        )
    )
    assert found["uid"] == "4fbe8971-0bc3-424c-9c26-36c3e1eff6b1"
    assert (found["name"], found["sex"], found["birthday"]) == ("张伟", "male", "1980-03-15")
    assert found["phones"].splitlines() == ["+86-138-0013-8000", "+86-21-68888888 ext 802"]
    assert found["address"] == "中国上海市浦东新区世纪大道100号 200120"


@pytest.mark.parametrize("charset", ["GBK", "GB2312", "GB18030", "UTF-8"])
def test_a_line_of_2_1_has_a_character_set_of_its_own(charset: str):
    name = "王小明".encode(charset)
    quoted = "".join(f"={byte:02X}" for byte in name)
    raw = card(f"N;CHARSET={charset};ENCODING=QUOTED-PRINTABLE:{quoted};;;;", "TEL;CELL:13800138000", version="2.1")
    assert rows(raw)[0]["name"] == "王小明"


def test_two_character_sets_in_one_file_are_both_read():
    raw = card("FN;CHARSET=GBK:", version="2.1").replace(b"GBK:", b"GBK:" + "李雷".encode("gbk"))
    raw += card("FN;CHARSET=UTF-8:韩梅梅", version="2.1")
    assert [found["name"] for found in rows(raw)] == ["李雷", "韩梅梅"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_whole_file_in_any_encoding_is_read(encoding: str):
    text = card("FN:王小明", "NOTE:第一行\\n第二行\\, 完").decode()
    (found,) = rows(text.encode(encoding))
    assert (found["name"], found["note"]) == ("王小明", "第一行\n第二行, 完")


def test_photos_are_passed_over_folded_or_not():
    picture = base64.b64encode(bytes(range(256)) * 40).decode()
    folded = "\r\n ".join(picture[at : at + 74] for at in range(0, len(picture), 74))
    bare = "\r\n".join(picture[at : at + 76] for at in range(0, len(picture), 76))
    raw = card("FN:A", f"PHOTO;ENCODING=b;TYPE=JPEG:{folded}", "TEL:13800138000") + card(
        "FN:B", f"PHOTO;JPEG;ENCODING=BASE64:{bare}", "", "TEL:13900139000", version="2.1"
    )
    assert [(found["name"], found["phone"]) for found in rows(raw)] == [("A", "13800138000"), ("B", "13900139000")]


@pytest.mark.parametrize(
    ("written", "day", "note"),
    [
        ("1953-04-15", "1953-04-15", ""), ("19530415", "1953-04-15", ""), ("1953/4/15", "1953-04-15", ""),
        ("1953.04.15", "1953-04-15", ""), ("1953年4月15日", "1953-04-15", ""), ("19530415T231000Z", "1953-04-15", ""),
        ("1953-04-15 00:00:00", "1953-04-15", ""), ("--0415", "", "04-15"), ("--04-15", "", "04-15"),
        ("0000-04-15", "", "04-15"), ("1953-04", "", "1953-04"), ("1953", "", "1953"), ("---15", "", "---15"),
        ("circa 1800", "", "circa 1800"), ("19534", "", "19534"), ("1953/415", "", "1953/415"),
    ],
)  # fmt: skip
def test_a_birthday_is_a_whole_day_or_a_line_of_the_note(written, day, note):
    (found,) = rows(card("FN:A", f"BDAY:{written}", version="4.0"))

    assert found["birthday"] == day
    assert found["note"] == (f"生日：{note}" if note else "")
    with override("en"):  # the note is a fact of the file, not of who brings it in
        assert rows(card("FN:A", f"BDAY:{written}", version="4.0")) == [found]


def test_a_birthday_without_a_year_goes_into_the_note():
    (first, second) = rows(
        card("FN:A", "BDAY:--0322", version="4.0") + card("FN:B", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-03-22")
    )
    assert first["birthday"] == second["birthday"] == ""
    assert "03-22" in first["note"] and "03-22" in second["note"]


def test_the_same_card_has_the_same_number_each_time_and_another_card_another():
    one, same, other = rows(card("FN:A", "TEL:1") + card("FN:A", "TEL:1") + card("FN:A", "TEL:2"))
    assert one["uid"] == same["uid"] != other["uid"]


def test_a_card_that_names_a_group_is_nobody_and_a_firm_is_an_institution():
    found = rows(
        card("KIND:group", "FN:Team", version="4.0") + card("ORG:某某公司") + card("KIND:org", "FN:B", version="4.0")
    )
    assert [(row["name"], row["kind"]) for row in found] == [("某某公司", "institution"), ("B", "institution")]


def test_a_zip_of_address_books_is_one_table():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("b.vcf", card("FN:B"))
        archive.writestr("a.vcf", card("FN:A"))
        archive.writestr("readme.txt", b"nothing")
    assert [found["name"] for found in rows(held.getvalue())] == ["A", "B"]


def test_a_bomb_of_address_books_is_refused_by_its_table_of_contents():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.vcf", b"BEGIN:VCARD\n" + b" " * (101 << 20))
    with pytest.raises(FileRefused) as refused:
        rows(held.getvalue())
    assert refused.value.code == "too_large_unpacked"


@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_zip_of_address_books_is_refused_however_it_is_packed(packed):
    with pytest.raises(FileRefused) as refused:
        rows(damaged("a.vcf", packed))
    assert refused.value.code == "broken_zip"


def test_a_file_that_is_cut_off_is_refused_with_the_line():
    with pytest.raises(FileRefused) as refused:
        rows(card("FN:A") + b"BEGIN:VCARD\r\nFN:B\r\n")
    assert refused.value.code == "card_without_end"
    assert "5" in str(refused.value.message)


def test_a_mapping_for_an_address_book_refuses_a_table_and_the_other_way_round():
    for raw, kind in ((b"a,b\n1,2\n", "vcard"), (card("FN:A"), "csv")):
        with pytest.raises(FileRefused) as refused:
            read(raw, FileOptions(kind=kind), Limits())
        assert refused.value.code == "wrong_kind"


def test_more_cards_than_rows_are_allowed_are_refused():
    table = read(card("FN:A") * 3, FileOptions(), Limits(rows=2))
    with pytest.raises(FileRefused) as refused:
        list(table.records)
    assert refused.value.code == "too_many_rows"


@given(st.binary(max_size=400))
def test_whatever_stands_in_a_card_is_read_or_refused_in_words(body: bytes):
    raw = b"BEGIN:VCARD\r\n" + body + b"\r\nEND:VCARD\r\n"
    try:
        rows(raw)
    except FileRefused as refusal:
        assert refusal.message


@given(
    name=st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), min_size=1, max_size=60),
    note=st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), max_size=200),
)
def test_what_is_written_with_escapes_and_folds_is_read_back(name: str, note: str):
    def line(head: str, text: str) -> str:
        whole = head + text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n")
        return "\r\n ".join(whole[at : at + 30] for at in range(0, len(whole), 30))

    (found,) = rows(card(line("FN:", name), line("NOTE:", note)))
    assert (found["name"], found["note"]) == (name, note)


@pytest.mark.parametrize(
    ("charset", "codec", "name"),
    [
        ("windows-1251", "cp1251", "Иван Петров"), ("Shift_JIS", "shift_jis", "山田太郎"), ("KOI8-R", "koi8-r", "Иван"),
        ("ISO-8859-15", "iso8859-15", "Zoë Žak"), ("EUC-KR", "euc_kr", "김철수"), ("GB2312", "gb18030", "张伟"),
        ("BIG5", "big5hkscs", "張偉"),
    ],
)  # fmt: skip
def test_a_line_is_in_the_character_set_that_it_names(charset, codec, name):
    written = "".join(f"={byte:02X}" for byte in name.encode(codec))
    (found,) = rows(card(f"FN;CHARSET={charset};ENCODING=QUOTED-PRINTABLE:{written}", version="2.1"))

    assert found["name"] == name


@pytest.mark.parametrize("charset", ["idna", "unicode_escape", "hex", "undefined", "utf-7", "no-such-set", "us-ascii"])
def test_a_name_of_no_character_set_leaves_it_to_trial(charset):
    (found,) = rows(card(f"FN;CHARSET={charset};ENCODING=QUOTED-PRINTABLE:=E5=BC=A0=E4=BC=9F", version="2.1"))

    assert found["name"] == "张伟"


def test_text_that_a_phone_writes_as_base64_is_read_and_pictures_are_not():
    name = base64.b64encode("张伟".encode()).decode()
    (found,) = rows(
        card(
            f"N;CHARSET=UTF-8;ENCODING=BASE64:{base64.b64encode('张;伟'.encode()).decode()}",
            f"FN;CHARSET=UTF-8;ENCODING=B:{name[:4]}",
            f" {name[4:]}",
            "NOTE;ENCODING=BASE64:no base64!",
            f"X-PICTURE;ENCODING=BASE64:{name}",
            "TEL;CELL:13800138000",
            version="2.1",
        )
    )

    assert (found["name"], found["phone"], found["note"]) == ("张伟", "13800138000", "")


def test_a_card_that_is_shown_as_a_company_is_one():
    (found,) = rows(card("FN:示范贸易", "ORG:示范贸易", "X-ABShowAs:COMPANY"))

    assert (found["kind"], found["name"], found["company"]) == ("institution", "示范贸易", "")


@pytest.mark.parametrize(
    "line",
    [
        "X-WECHAT:li-wei", "IMPP:wechat:li-wei", "IMPP;X-SERVICE-TYPE=WeChat;type=pref:x-apple:li-wei",
        "X-SOCIALPROFILE;type=wechat:x-apple:li-wei", "X-SOCIALPROFILE;TYPE=WeChat;x-user=li-wei:http://example.org",
        "SOCIALPROFILE;SERVICE-TYPE=Weixin;VALUE=text:li-wei",
    ],
)  # fmt: skip
def test_a_wechat_id_is_found_wherever_a_phone_keeps_it(line):
    assert rows(card("FN:李伟", line, "IMPP;X-SERVICE-TYPE=QQ:qq:12345"))[0]["wechat"] == "li-wei"
    assert rows(card("FN:李伟", "IMPP;X-SERVICE-TYPE=QQ:qq:12345", "X-SOCIALPROFILE;type=weibo:x"))[0]["wechat"] == ""


def test_a_label_is_the_address_of_a_card_that_has_no_other():
    label = "LABEL;HOME;ENCODING=QUOTED-PRINTABLE:=E4=B8=8A=E6=B5=B7=0D=0A=E4=B8=AD=E5=B1=B1=E8=B7=AF1=E5=8F=B7"

    assert rows(card("FN:A", label, version="2.1"))[0]["address"] == "上海 中山路1号"
    assert rows(card("FN:A", "ADR:;;Main St 1\\,;Town;;;", "LABEL:elsewhere"))[0]["addresses"] == "Main St 1, Town"


def test_address_books_put_together_keep_every_card():
    mark = b"\xef\xbb\xbf"

    assert [
        found["name"] for found in rows(mark + card("FN:A") + mark + card("FN:B") + b"\r\n" + mark + card("FN:C"))
    ] == ["A", "B", "C"]
    books = [mark + card("FN:张伟"), card("FN:李娜").decode().encode("utf-16"), card("FN:B")]
    assert [found["name"] for found in rows(joined(books))] == ["张伟", "李娜", "B"]
    assert joined(books[:1]) is books[0]


@pytest.mark.parametrize(
    "above", ["# from my phone\r\n", "\ufeff\r\n\r\n", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "  "]
)
def test_words_above_the_first_card_do_not_make_the_book_a_table(above):
    assert [found["name"] for found in rows(above.encode() + card("FN:张伟"))] == ["张伟"]


@pytest.mark.parametrize("text", ["a,b\nx,BEGIN:VCARD\n", '"BEGIN:VCARD",b\n1,2\n', "BEGIN:VCARDS\n1\n"])
def test_a_table_that_speaks_of_cards_is_a_table(text):
    assert read(text.encode(), FileOptions(), Limits()).kind == "csv"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (";;中山路1号;上海;上海市;200000;中国", "中国上海市中山路1号 200000"), (";;中山路1号;上海市;上海;;", "上海中山路1号"),
        (";;体育场路1号;杭州市;浙江省;;", "浙江省杭州市体育场路1号"),
    ],
)  # fmt: skip
def test_a_city_that_is_its_own_province_is_named_once(written, address):
    assert rows(card("FN:张伟", f"ADR;HOME:{written}"))[0]["address"] == address
