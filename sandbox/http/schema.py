"""Reading a request body strictly: types, required fields, and no field that the operation does not have.

Whether WorkOS ignores or refuses an unknown field is not documented; the switch ``unknown_fields`` says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sandbox.http.refusals import invalid_parameter_list, invalid_parameters

#: API reference, metadata and external ids: at most 128 characters, ASCII.
EXTERNAL_ID_LENGTH: Final = 128


@dataclass(frozen=True, slots=True)
class Field:
    """What one field of a body may hold."""

    kind: type
    required: bool = False
    nullable: bool = False
    #: 0: no limit.
    longest: int = 0
    filled: bool = False
    ascii: bool = False

    def fault(self, value: object) -> str | None:
        """Return what is wrong with the value, as words that follow the field's name."""
        if value is None:
            return None if self.nullable else f"must be a {self.kind.__name__}, not null"
        if type(value) is not self.kind:
            return f"must be a {self.kind.__name__}"
        if self.filled and not value:
            return "must not be empty"
        if isinstance(value, str) and self.longest and len(value) > self.longest:
            return f"must be at most {self.longest} characters"
        if self.ascii and not str(value).isascii():
            return "must hold ASCII characters only"
        return None


TEXT: Final = Field(str)
NULLABLE_TEXT: Final = Field(str, nullable=True)
FLAG: Final = Field(bool)
EXTERNAL_ID: Final = Field(str, nullable=True, filled=True, longest=EXTERNAL_ID_LENGTH, ascii=True)
METADATA: Final = Field(dict, nullable=True)


def read_body(sent: object, fields: Mapping[str, Field], *, ignore_unknown: bool = False) -> dict[str, Any]:
    """Return the body if it fits the fields; refuse it with every violation otherwise, an unknown field included."""
    if not isinstance(sent, dict):
        raise invalid_parameters("body_object_required", "The request body must be a JSON object.")
    body, errors = sent, []
    for name, field in fields.items():
        if name in body:
            wrong = field.fault(body[name])
            if wrong is not None:
                errors.append({"code": f"{name}_invalid", "message": f"{name} {wrong}."})
        elif field.required:
            errors.append({"code": f"{name}_required", "message": f"{name} is required."})
    if ignore_unknown:
        body = {name: value for name, value in body.items() if name in fields}
    elif not body.keys() <= fields.keys():
        errors += [
            {"code": "property_not_allowed", "message": f"{name} should not exist."}
            for name in body
            if name not in fields
        ]
    if errors:
        raise invalid_parameter_list(errors)
    return body


def read_query(query: Mapping[str, object], known: frozenset[str]) -> None:
    """Refuse a query parameter that the operation does not have: a filter that is ignored would answer everything."""
    unknown = query.keys() - known
    if unknown:
        raise invalid_parameter_list(
            [{"code": "parameter_not_allowed", "message": f"{name} should not exist."} for name in sorted(unknown)],
        )
