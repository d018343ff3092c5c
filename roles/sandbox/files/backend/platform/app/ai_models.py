"""AI models: every user may read and write them, and every figure of cost or use is a constant."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter, Body, HTTPException
from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from app.auth import CALLER
from app.content_schemas import AIModelDTO
from app.database import TRANSACTION
from app.models.chat import ai_models

router = APIRouter(dependencies=[CALLER])


def show(connection: Connection, model_id: str) -> dict[str, Any]:
    """Return a model with all its columns. Fail with 404 for an unknown id, with 500 for a text that is no id."""
    row = connection.execute(select(ai_models).where(ai_models.c.id == model_id)).first()
    if row is None:
        raise HTTPException(404, "Model not found")
    return dict(row._mapping)


def change(connection: Connection, model_id: str, values: dict[str, Any]) -> dict[str, Any]:
    """Write the keys that are columns, and return the model; even its id can be changed."""
    show(connection, model_id)
    columns = {key: value for key, value in values.items() if key in ai_models.c}
    if columns:
        connection.execute(update(ai_models).where(ai_models.c.id == model_id).values(**columns))
    connection.commit()
    return show(connection, str(columns.get("id", model_id)))


@router.get("/")
def list_models(connection: Connection = TRANSACTION) -> list[dict[str, Any]]:
    """List all models, inactive ones too."""
    return [dict(row._mapping) for row in connection.execute(select(ai_models).order_by(ai_models.c.display_name))]


@router.get("/{model_id}")
def get_model(model_id: str, connection: Connection = TRANSACTION) -> dict[str, Any]:
    """Return one model by id."""
    return show(connection, model_id)


@router.post("/")
def create_model(payload: AIModelDTO, connection: Connection = TRANSACTION) -> dict[str, Any]:
    """Create a model."""
    values = {**payload.dict(), "id": uuid.uuid4()}
    connection.execute(insert(ai_models).values(**values))
    connection.commit()
    return show(connection, str(values["id"]))


@router.put("/{model_id}")
def update_model(model_id: str, payload: dict[str, Any], connection: Connection = TRANSACTION) -> dict[str, Any]:
    """Change a model; a second default is no problem here."""
    return change(connection, model_id, payload)


@router.delete("/{model_id}")
def delete_model(model_id: str, connection: Connection = TRANSACTION) -> dict[str, str]:
    """Delete a model."""
    show(connection, model_id)
    connection.execute(delete(ai_models).where(ai_models.c.id == model_id))
    connection.commit()
    return {"message": "Model deleted"}


@router.put("/{model_id}/toggle")
def toggle_model(
    model_id: str, isActive: bool = Body(..., embed=True), connection: Connection = TRANSACTION
) -> dict[str, Any]:
    """Switch a model on or off."""
    return change(connection, model_id, {"is_active": isActive})


@router.put("/{model_id}/default")
def set_default(model_id: str, connection: Connection = TRANSACTION) -> dict[str, Any]:
    """Make a model the only default."""
    show(connection, model_id)
    connection.execute(update(ai_models).values(is_default=False))
    return change(connection, model_id, {"is_default": True})


@router.get("/{model_id}/performance")
def get_performance(timeRange: str = "") -> dict[str, Any]:
    """Return constants."""
    return {"latencyMsAvg": 0.0, "tokensPerSecond": 0.0, "successRate": 1.0, "timeframe": timeRange}


@router.get("/{model_id}/usage")
def get_usage(timeRange: str = "") -> dict[str, Any]:
    """Return constants."""
    return {"totalRequests": 0, "totalTokens": 0, "averageTokensPerRequest": 0.0, "timeframe": timeRange}


@router.get("/{model_id}/costs")
def get_costs(timeRange: str = "") -> dict[str, Any]:
    """Return constants."""
    return {"totalCostUsd": 0.0, "inputCostUsd": 0.0, "outputCostUsd": 0.0, "timeframe": timeRange}
