"""Tags, processing jobs and more about documents.

On an empty database it fails, because nothing before it made the documents table; on one that the application made it
fails as well, because the tags table is there already.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "2024_01_01_enhance_knowledge_base"
down_revision = "c02ce5c4f07b"

DOCUMENT_COLUMNS = {
    "author": sa.String(255),
    "source": sa.String(500),
    "language": sa.String(10),
    "year": sa.Integer(),
    "version": sa.String(50),
    "keywords": sa.JSON(),
    "document_type": sa.String(50),
    "processing_engine": sa.String(100),
    "processing_options": sa.JSON(),
    "page_count": sa.Integer(),
    "word_count": sa.Integer(),
    "character_count": sa.Integer(),
}
CHUNK_COLUMNS = {
    "chunk_type": sa.String(50),
    "page_number": sa.Integer(),
    "section_title": sa.String(255),
    "table_id": sa.String(100),
    "figure_id": sa.String(100),
}
INDEXES = {
    "ix_documents_title": ("documents", ["title"]),
    "ix_documents_author": ("documents", ["author"]),
    "ix_documents_language": ("documents", ["language"]),
    "ix_documents_year": ("documents", ["year"]),
    "ix_documents_document_type": ("documents", ["document_type"]),
    "idx_documents_user_status": ("documents", ["user_id", "status"]),
    "idx_documents_type_year": ("documents", ["document_type", "year"]),
    "idx_documents_author_year": ("documents", ["author", "year"]),
    "idx_chunks_document_index": ("document_chunks", ["document_id", "chunk_index"]),
    "ix_document_chunks_chunk_type": ("document_chunks", ["chunk_type"]),
    "ix_document_chunks_page_number": ("document_chunks", ["page_number"]),
}


def upgrade() -> None:
    """Add the tables, then the columns, then the indexes."""
    op.create_table(
        "tags",
        sa.Column("id", UUID(), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False, unique=True),
        sa.Column("description", sa.Text()),
        sa.Column("color", sa.String(7)),
        sa.Column("is_system", sa.Boolean(), nullable=False),
        sa.Column("usage_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime()),
        sa.Column("updated_at", sa.DateTime()),
    )
    op.create_index("ix_tags_name", "tags", ["name"])
    op.create_table(
        "document_tag_association",
        sa.Column("document_id", UUID(), sa.ForeignKey("documents.id"), primary_key=True),
        sa.Column("tag_id", UUID(), sa.ForeignKey("tags.id"), primary_key=True),
    )
    op.create_table(
        "document_processing_jobs",
        sa.Column("id", UUID(), primary_key=True),
        sa.Column("document_id", UUID(), sa.ForeignKey("documents.id"), nullable=False),
        sa.Column("user_id", UUID(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("job_type", sa.String(50), nullable=False),
        sa.Column("status", sa.String(50), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("processing_engine", sa.String(100)),
        sa.Column("processing_options", sa.JSON()),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("current_step", sa.String(100)),
        sa.Column("total_steps", sa.Integer()),
        sa.Column("error_message", sa.Text()),
        sa.Column("retry_count", sa.Integer(), nullable=False),
        sa.Column("max_retries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime()),
        sa.Column("started_at", sa.DateTime()),
        sa.Column("completed_at", sa.DateTime()),
    )
    for name, kind in DOCUMENT_COLUMNS.items():
        op.add_column("documents", sa.Column(name, kind))
    for name, kind in CHUNK_COLUMNS.items():
        op.add_column("document_chunks", sa.Column(name, kind))
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Take all of it away; on a database that the application made, two of the indexes have other names: it fails."""
    for name, (table, _columns) in reversed(INDEXES.items()):
        op.drop_index(name, table_name=table)
    for name in reversed(CHUNK_COLUMNS):
        op.drop_column("document_chunks", name)
    for name in reversed(DOCUMENT_COLUMNS):
        op.drop_column("documents", name)
    op.drop_table("document_processing_jobs")
    op.drop_table("document_tag_association")
    op.drop_table("tags")
