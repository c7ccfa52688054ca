"""The methods views.*"""

from __future__ import annotations

from typing import Any

from bot.demo.workspace.api.arguments import structure, word
from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.limits.blocks import check_view
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.records import Json, View
from bot.demo.workspace.state.views import view_json


def _spec(args: Json) -> Any:
    spec = structure(args, "view", broken="invalid_arguments")
    if spec is None:
        message = "[ERROR] missing required field: view [json-pointer:/view]"
        raise ApiError("invalid_arguments", messages=[message])
    check_view(spec)
    return spec


def _trigger(platform: Platform, args: Json) -> str:
    return platform.tickets.use_trigger(word(args, "trigger_id", missing="invalid_trigger_id"))


def open_modal(platform: Platform, args: Json) -> Json:
    """views.open"""
    spec = _spec(args)
    return {"view": view_json(platform.views.open(_trigger(platform, args), spec))}


def push_modal(platform: Platform, args: Json) -> Json:
    """views.push"""
    spec = _spec(args)
    return {"view": view_json(platform.views.push(_trigger(platform, args), spec))}


def _view(platform: Platform, args: Json) -> View:
    if args.get("view_id"):
        return platform.views.find(str(args["view_id"]))
    return platform.views.find_external(word(args, "external_id"))


def update_view(platform: Platform, args: Json) -> Json:
    """views.update"""
    view = _view(platform, args)
    return {"view": view_json(platform.views.update(view, _spec(args), args.get("hash")))}


def publish_home(platform: Platform, args: Json) -> Json:
    """views.publish"""
    user = word(args, "user_id")
    return {"view": view_json(platform.views.publish(user, _spec(args), args.get("hash")))}
