"""What goes wrong, as problem+json (RFC 9457)."""

import http
import secrets
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from scheduler.errors import SchedulerError, UsageError, UserError, WorkspaceError
from scheduler.files import MachineError
from scheduler.store import StateMovedError
from scheduler.web.gate import FAULT

KIND = "application/problem+json"


class Problem(BaseModel):
    """What went wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] = Field(default_factory=list, description="With 422: what is wrong where.")


_WHEN = {
    400: "The request can't be read.",
    401: "There is no token, or it has ended.",
    403: "The token doesn't have the right.",
    404: "There is no such thing.",
    405: "Not in this way.",
    408: "The request took too long.",
    409: "It can't be done as things stand; `detail` says why and what to do.",
    413: "The request is too large.",
    414: "The address is too long.",
    421: "The site isn't known under this name.",
    422: "The request isn't as described; `errors` says where.",
    429: "Too much at once.",
    500: "A fault of the program; `detail` has the number that its log names.",
    503: "Not at this moment.",
}
COMMON: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {KIND: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, words in _WHEN.items()
}


def problem(
    status: int, detail: str, *, headers: dict[str, str] | None = None, errors: list[dict[str, Any]] | None = None
) -> JSONResponse:
    """Return a problem as an answer."""
    said = Problem(title=http.HTTPStatus(status).phrase, status=status, detail=detail, errors=errors or [])
    return JSONResponse(said.model_dump(), status_code=status, media_type=KIND, headers=headers)


def handle(api: FastAPI) -> None:
    """Let the API say everything that goes wrong in this one way."""
    api.add_exception_handler(HTTPException, _refused)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(SchedulerError, _explained)
    api.add_exception_handler(Exception, _fault)


def only_described(request: Request) -> None:
    """Refuse a query that isn't described: a slip in a filter's name must not look like an answer.

    Raises:
        RequestValidationError: there is one.
    """
    names: set[str] = set()
    for one in request.scope["route"].dependant.query_params:
        kind = one.field_info.annotation
        fields = getattr(kind, "model_fields", None) if isinstance(kind, type) else None
        names |= set(fields) if fields is not None else {one.alias}
    wrong = sorted(set(request.query_params) - names)
    if wrong:
        raise RequestValidationError([{"loc": ("query", name), "msg": "there is no such parameter"} for name in wrong])


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = [{"where": [str(part) for part in one["loc"]], "what": one["msg"]} for one in error.errors()]
    return problem(422, "the request isn't as described", errors=found)


async def _explained(_request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, StateMovedError):
        raise error
    if isinstance(error, (WorkspaceError, MachineError)) or not isinstance(error, UserError):
        return problem(503, str(error))
    return problem(404 if isinstance(error, UsageError) else 409, str(error))


async def _fault(request: Request, _error: Exception) -> JSONResponse:
    number = request.scope.setdefault(FAULT, secrets.token_hex(4))
    return problem(500, f"something went wrong on our side; its number in the log is {number}")
