"""Forms that carry a command: they check the shape and remember what the user had seen; the service holds the rule."""

from __future__ import annotations

from typing import Any

from django import forms

from crm.core.public_ids import new_public_id
from crm.core.writing import refuse_controls


class WrittenForm(forms.Form):
    """A form whose texts are writing: control characters are refused as over REST."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.CharField):
                field.validators.append(refuse_controls)


class CommandForm(WrittenForm):
    """A form sent twice makes one thing: it carries a token of its own, and the version of the row it was made from."""

    form_token = forms.CharField(widget=forms.HiddenInput, max_length=80)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        initial = kwargs.setdefault("initial", {})
        initial.setdefault("form_token", new_public_id())
        super().__init__(*args, **kwargs)

    @property
    def command(self) -> dict[str, Any]:
        """What the user said, without what the form itself needs."""
        own = {"form_token", "version"}
        return {name: value for name, value in self.cleaned_data.items() if name not in own}

    @property
    def seen(self) -> int | None:
        """The version of the row that the user had before him."""
        found: int | None = self.cleaned_data.get("version")
        return found
