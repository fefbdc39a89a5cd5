"""What people at a branch write down: contact notes, complaints with their outcome, survey comments.

Invented texts in the language of the trade (Chinese, as the demo branch is a Chinese one); they name no real
person and no real event. Keys are plain words: the demo maps them to the choices of the apps.
"""

from crm.demo.narratives.complaints import GRIEVANCES, SUBJECTS, Grievance, grievances_on
from crm.demo.narratives.notes import CHANNELS, NOTES, PURPOSES, Note, notes_for
from crm.demo.narratives.surveys import COMMENTS, Comment, comments_for

__all__ = [
    "CHANNELS",
    "COMMENTS",
    "GRIEVANCES",
    "NOTES",
    "PURPOSES",
    "SUBJECTS",
    "Comment",
    "Grievance",
    "Note",
    "comments_for",
    "grievances_on",
    "notes_for",
]
