"""The Web API: /api/METHOD and the response URLs."""

from __future__ import annotations

import hmac
import json
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.demo.workspace.api.chat import answer_response_url
from bot.demo.workspace.api.methods import METHODS, Method
from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.faults.calls import CallFaults
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.records import Json

LARGEST_BODY = 2_000_000


async def _read_arguments(request: Request) -> Json:
    args: Json = dict(request.query_params)
    body = await request.body()
    if len(body) > LARGEST_BODY:
        raise ApiError("request_too_large")
    kind = request.headers.get("content-type", "").split(";")[0].strip()
    if kind == "application/json":
        try:
            parsed = json.loads(body or b"{}")
        except ValueError:
            raise ApiError("invalid_json") from None
        if not isinstance(parsed, dict):
            raise ApiError("json_not_object")
        return args | parsed
    try:
        return args | dict(parse_qsl(body.decode(), keep_blank_values=True))
    except UnicodeDecodeError:
        raise ApiError("invalid_form_data") from None


def _token(request: Request, args: Json) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else str(args.pop("token", ""))


class WebApi:
    """Answers the app's calls of the Web API and of response URLs."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._faults = CallFaults(platform.state, platform.faults, platform.ledger)
        self.routes = [
            Route("/api/{method}", self.answer, methods=["GET", "POST"]),
            Route("/hooks/{key}", self.answer_hook, methods=["POST"]),
            Route("/upload/{file_id}", self.take_file, methods=["POST"]),
            Route("/files/{file_id}", self.give_file, methods=["GET"]),
        ]

    def _authorize(self, method: Method, token: str) -> None:
        platform = self._platform
        if not token:
            raise ApiError("not_authed")
        wanted, other = platform.bot_token, platform.app_token
        if method.app_level:
            wanted, other = other, wanted
        if hmac.compare_digest(token, other) and wanted != other:
            raise ApiError("not_allowed_token_type")
        if not hmac.compare_digest(token, wanted):
            raise ApiError("invalid_auth")
        if method.scopes:
            platform.require_scope(*method.scopes)

    def call(self, name: str, token: str, args: Json) -> Json:
        """One method's answer, refusals included."""
        try:
            method = METHODS.get(name)
            if method is None:
                raise ApiError("unknown_method", req_method=name)
            self._authorize(method, token)
            with self._platform.state.changed:
                return {"ok": True, **method.call(self._platform, args)}
        except ApiError as refused:
            return refused.body()

    async def answer(self, request: Request) -> Response:
        """Answer a call of /api/METHOD: before `call` nothing is stored, after it everything is."""
        try:
            args = await _read_arguments(request)
        except ApiError as refused:
            return JSONResponse(refused.body())
        method, token = request.path_params["method"], _token(request, args)
        if method == "views.update":
            await self._platform.wait_for_answer(str(args.get("view_id")))

        def work() -> Response:
            body = self.call(method, token, args)
            return JSONResponse(body, headers={"X-OAuth-Scopes": self._platform.scope_list})

        return await self._faults.answer(request, method, args, work)

    async def answer_hook(self, request: Request) -> Response:
        """Answer a POST to a response URL."""
        try:
            args = await _read_arguments(request)
            if "payload" in args:
                args = json.loads(args["payload"])
        except ApiError as refused:
            return JSONResponse(refused.body(), status_code=400)

        def work() -> Response:
            try:
                answer_response_url(self._platform, request.path_params["key"], args)
            except ApiError as refused:
                return JSONResponse(refused.body(), status_code=404 if refused.code.endswith("_url") else 400)
            return PlainTextResponse("ok")

        return await self._faults.answer(request, "response_url", args, work)

    async def take_file(self, request: Request) -> Response:
        """Take the bytes of a file that was announced."""
        content = await request.body()

        def work() -> Response:
            try:
                self._platform.files.store(request.path_params["file_id"], content)
            except ApiError as refused:
                return PlainTextResponse(refused.code, status_code=400)
            return PlainTextResponse(f"OK - {len(content)}")

        return await self._faults.answer(request, "upload", {}, work)

    async def give_file(self, request: Request) -> Response:
        """The bytes of a shared file, to be saved and never shown."""
        try:
            file = self._platform.files.find(request.path_params["file_id"])
        except ApiError as refused:
            return PlainTextResponse(refused.code, status_code=404)
        if not file.shared_in or file.content is None:
            return PlainTextResponse("file_not_found", status_code=404)
        name = quote(file.name, safe="")
        return Response(
            file.content,
            media_type="application/octet-stream",
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
        )

    def close(self) -> None:
        """Drop what was still to be stored late, when the server ends."""
        self._faults.close()
