"""Texts in the settings that are checked: regular expressions, URLs, paths."""

import re
from typing import Annotated

from pydantic import AfterValidator

from ingestors.settings.section import find_path, find_target


def _check_expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return value


def _check_url(value: str) -> str:
    if "://" not in value:
        raise ValueError("must be a URL", "Such as `https://git.example.com/acme/catalog.git`.")
    return value


Expression = Annotated[str, AfterValidator(_check_expression)]
Url = Annotated[str, AfterValidator(_check_url)]
Target = Annotated[str, AfterValidator(find_target)]
"""A URL or a path; a relative path is meant from the configuration file's folder."""
FilePath = Annotated[str, AfterValidator(lambda value, info: str(find_path(value, info)))]
"""A path; a relative one is meant from the configuration file's folder."""
