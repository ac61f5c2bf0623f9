"""The rest of a path as a parameter, ``{name:rest}``: an id may hold slashes, and line breaks, which Starlette's own
``path`` leaves out.
"""

from typing import Final

from starlette.convertors import PathConvertor, register_url_convertor

_MARK: Final = "rest"


class Rest(PathConvertor):
    """Whatever follows."""

    regex = "(?s:.*)"


register_url_convertor(_MARK, Rest())


def named(template: str) -> str:
    """Return a template as the request log calls it."""
    return template.replace(f":{_MARK}}}", "}")
