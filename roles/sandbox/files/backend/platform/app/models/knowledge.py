"""The knowledge base: documents, chunks, tags, jobs and searches."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from app.models.base import Double, Key, LocalMoment, Moment, metadata, optional, required

documents = Table(
    "documents",
    metadata,
    required("id", Key, primary_key=True),
    required("title", String(255), index=True),
    optional("description", Text),
    required("file_name", String(255)),
    required("file_path", String(500)),
    required("file_type", String(50)),
    required("file_size", Integer),
    optional("mime_type", String(100)),
    required("status", String(50)),
    optional("error_message", Text),
    optional("author", String(255), index=True),
    optional("source", String(500)),
    optional("language", String(10), index=True),
    optional("year", Integer, index=True),
    optional("version", String(50)),
    optional("keywords", JSON),
    optional("document_type", String(50), index=True),
    optional("processing_engine", String(100)),
    optional("processing_options", JSON),
    optional("page_count", Integer),
    optional("word_count", Integer),
    optional("character_count", Integer),
    optional("tags", JSON),
    optional("knowledge_metadata", JSON),
    required("user_id", Key, ForeignKey("users.id")),
    optional("created_at", LocalMoment),
    optional("updated_at", LocalMoment),
    optional("processed_at", LocalMoment),
    Index("idx_documents_author_year", "author", "year"),
    Index("idx_documents_language", "language"),
    Index("idx_documents_user_status", "user_id", "status"),
    Index("idx_documents_type_year", "document_type", "year"),
)

document_chunks = Table(
    "document_chunks",
    metadata,
    required("id", Key, primary_key=True),
    required("document_id", Key, ForeignKey("documents.id")),
    required("content", Text),
    required("chunk_index", Integer),
    required("chunk_size", Integer),
    required("token_count", Integer),
    optional("tokens", JSON),
    optional("embedding", JSON),
    optional("embedding_model", String(100)),
    optional("embedding_created_at", LocalMoment),
    optional("chunk_type", String(50)),
    optional("page_number", Integer),
    optional("section_title", String(255)),
    optional("table_id", String(100)),
    optional("figure_id", String(100)),
    optional("chunk_metadata", JSON),
    optional("created_at", LocalMoment),
    optional("updated_at", LocalMoment),
    Index("idx_chunks_page", "page_number"),
    Index("idx_chunks_type", "chunk_type"),
    Index("idx_chunks_document_index", "document_id", "chunk_index"),
)

document_processing_jobs = Table(
    "document_processing_jobs",
    metadata,
    required("id", Key, primary_key=True),
    required("document_id", Key, ForeignKey("documents.id")),
    required("user_id", Key, ForeignKey("users.id")),
    required("job_type", String(50)),
    required("status", String(50)),
    required("priority", Integer),
    optional("processing_engine", String(100)),
    optional("processing_options", JSON),
    required("progress", Double),
    optional("current_step", String(100)),
    optional("total_steps", Integer),
    optional("error_message", Text),
    required("retry_count", Integer),
    required("max_retries", Integer),
    optional("created_at", LocalMoment),
    optional("started_at", LocalMoment),
    optional("completed_at", LocalMoment),
)

tags = Table(
    "tags",
    metadata,
    required("id", Key, primary_key=True),
    required("name", String(100), index=True, unique=True),
    optional("description", Text),
    optional("color", String(7)),
    required("is_system", Boolean),
    required("usage_count", Integer),
    optional("created_at", LocalMoment),
    optional("updated_at", LocalMoment),
)

document_tag_association = Table(
    "document_tag_association",
    metadata,
    required("document_id", Key, ForeignKey("documents.id"), primary_key=True),
    required("tag_id", Key, ForeignKey("tags.id"), primary_key=True),
)

search_queries = Table(
    "search_queries",
    metadata,
    required("id", Key, primary_key=True),
    required("user_id", Key, ForeignKey("users.id")),
    required("query", Text),
    required("query_type", String(50)),
    optional("filters", JSON),
    optional("result_count", Integer),
    optional("execution_time", Double),
    optional("created_at", LocalMoment),
)

knowledge_settings = Table(
    "knowledge_settings",
    metadata,
    required("chunk_size", Integer),
    required("chunk_overlap", Integer),
    required("embedding_model", String(200)),
    required("index_type", String(50)),
    required("metadata_extraction", Boolean),
    required("auto_tagging", Boolean),
    required("search_algorithm", String(50)),
    required("max_file_size", Integer),
    required("supported_file_types", JSONB),
    required("processing_timeout", Integer),
    required("batch_size", Integer),
    required("enable_cache", Boolean),
    required("cache_expiry", Integer),
    required("id", Key, primary_key=True),
    required("created_at", Moment, server_default=func.now()),
    optional("updated_at", Moment),
)
