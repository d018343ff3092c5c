"""Knowledge: one row of settings that every user may change. Every route on documents and tags fails."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter, Query
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection, Row

from app.auth import CALLER
from app.content_schemas import KnowledgeBaseSettingsModel
from app.database import TRANSACTION
from app.models.knowledge import knowledge_settings as table

router = APIRouter()
COLUMNS = {
    "chunkSize": "chunk_size",
    "chunkOverlap": "chunk_overlap",
    "embeddingModel": "embedding_model",
    "indexType": "index_type",
    "metadataExtraction": "metadata_extraction",
    "autoTagging": "auto_tagging",
    "searchAlgorithm": "search_algorithm",
    "maxFileSize": "max_file_size",
    "supportedFileTypes": "supported_file_types",
    "processingTimeout": "processing_timeout",
    "batchSize": "batch_size",
    "enableCache": "enable_cache",
    "cacheExpiry": "cache_expiry",
}


def the_row(connection: Connection) -> Row:
    """Return the first row in the order of the heap; without one, store the defaults first."""
    row = connection.execute(select(table)).first()
    if row is None:
        defaults = KnowledgeBaseSettingsModel().dict()
        values = {column: defaults[key] for key, column in COLUMNS.items()}
        connection.execute(insert(table).values(id=uuid.uuid4(), **values))
        connection.commit()
        row = connection.execute(select(table)).one()
    return row


def settings_body(row: Row) -> dict[str, Any]:
    """Return the settings. Raise ValueError if one of them is out of range."""
    return KnowledgeBaseSettingsModel(**{key: row._mapping[column] for key, column in COLUMNS.items()}).dict()


@router.get("/settings", dependencies=[CALLER])
def get_settings(connection: Connection = TRANSACTION) -> dict[str, Any]:
    """Return the settings."""
    return settings_body(the_row(connection))


@router.put("/settings", dependencies=[CALLER])
def update_settings(payload: KnowledgeBaseSettingsModel, connection: Connection = TRANSACTION) -> dict[str, Any]:
    """Change the settings; a key that is not given becomes the default again."""
    row = the_row(connection)
    values = {column: payload.dict()[key] for key, column in COLUMNS.items()}
    connection.execute(update(table).where(table.c.id == row.id).values(**values))
    connection.commit()
    return settings_body(the_row(connection))


@router.get("/documents")
def list_documents(args: str = Query(...), kwargs: str = Query(...)) -> None:
    """Answer 422, also without a login: the platform takes parameters of its own decorator for those of the query."""
    raise RuntimeError(f"no documents for {args} and {kwargs}")


@router.delete("/documents/{document_id}", dependencies=[CALLER])
def delete_document(document_id: str) -> dict[str, str]:
    """Report success, and delete nothing."""
    return {"message": f"Document {document_id} deleted successfully"}
