"""Demo texts: complete in their kinds, and free of what must never stand in a log."""

import re

import pytest

from crm.demo.narratives import (
    CHANNELS,
    COMMENTS,
    GRIEVANCES,
    NOTES,
    PURPOSES,
    SUBJECTS,
    comments_for,
    grievances_on,
    notes_for,
)

pytestmark = pytest.mark.nodb


def test_every_purpose_channel_and_subject_has_texts():
    assert all(notes_for(purpose=purpose) for purpose in PURPOSES)
    assert all(notes_for(channel=channel) for channel in CHANNELS)
    assert all(grievances_on(subject) for subject in SUBJECTS)
    assert all(comments_for(score) for score in range(1, 6))


def test_only_known_words_are_used_as_keys():
    assert {n.purpose for n in NOTES} <= set(PURPOSES) and {n.channel for n in NOTES} <= set(CHANNELS)
    assert {g.subject for g in GRIEVANCES} <= set(SUBJECTS)
    assert {g.level for g in GRIEVANCES} == {"ordinary", "major", "difficult"}
    assert {g.justified for g in GRIEVANCES} == {"yes", "partly", "no"}


def test_a_next_step_has_a_day():
    assert all(n.next_days is not None for n in NOTES if n.next_step)


def test_remedy_is_paid_only_for_complaints_with_ground():
    assert all(g.justified != "no" for g in GRIEVANCES if g.remedy)


def test_scores_of_comments_agree():
    assert all(0 <= c.recommend <= 10 and (c.recommend >= 9) <= (c.satisfaction >= 4) for c in COMMENTS)


def test_texts_differ_and_hold_no_phone_or_id_number():
    texts = [n.text for n in NOTES] + [text for g in GRIEVANCES for text in (g.text, g.finding, g.reply)]

    assert len(set(texts)) == len(texts)
    assert not [t for t in texts if re.search(r"\d{7}", t)]
    assert all(t.format(security="招商银行").endswith(("。", "？")) for t in texts)
