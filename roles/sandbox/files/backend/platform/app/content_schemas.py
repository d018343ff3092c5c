"""What the platform checks of its own answers about content: one odd row makes a whole list a 500.

The tables accept more than these shapes do. A number that the table holds as text must parse, a list of texts must be
one, and columns that may be NULL in the table must not be NULL here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field, StrictStr, validator

ROW_VERSION = "0.1.2-beta"


class JsonObject(dict[str, Any]):
    """A JSON object; pydantic would make one of an empty list."""

    @classmethod
    def __get_validators__(cls) -> Iterator[Callable[[Any], Any]]:
        yield cls.checked

    @classmethod
    def checked(cls, value: Any) -> Any:
        """Refuse a value that is no JSON object."""
        if not isinstance(value, dict):
            raise TypeError("Input should be a valid dictionary")
        return value


class AssistantAnswer(BaseModel):
    """An assistant in an answer. Temperature and tokens are text in the table."""

    name: StrictStr
    temperature: float
    max_tokens: int
    tags: list[StrictStr]
    tools_config: list[JsonObject]
    version: StrictStr

    @validator("max_tokens", pre=True)
    @classmethod
    def whole(cls, value: Any) -> int:
        """Accept `4096.0` as the platform does, but no fraction and no unit."""
        number = float(value)
        if not number.is_integer():
            raise ValueError("Input should be a valid integer")
        return int(number)


class ToolAnswer(BaseModel):
    """A tool in an answer."""

    version: StrictStr
    parameters_schema: JsonObject | None
    required_permissions: list[StrictStr]
    tags: list[StrictStr]
    metadata: JsonObject


class DomainGroupAnswer(BaseModel):
    """A domain group in an answer."""

    name: str = Field(min_length=1, max_length=200)
    description: str | None = Field(max_length=2000)
    display_name: str | None = Field(max_length=200)
    tags: list[StrictStr] | None
    permissions: list[StrictStr] | None
    settings: JsonObject | None
    created_at: datetime


class AssistantCreate(BaseModel):
    """A new assistant. tools_config is accepted and dropped, as in the platform."""

    name: str = Field(min_length=1, max_length=200)
    description: str | None = None
    personality: str | None = None
    system_prompt: str = Field(min_length=1)
    instructions: str | None = None
    model: str = "gpt-4"
    temperature: float = Field(0.7, ge=0, le=2)
    max_tokens: int = Field(4096, ge=1)
    is_public: bool = False
    category: str | None = None
    tags: list[str] = Field(default_factory=list)
    tools_config: list[JsonObject] = Field(default_factory=list)


class AssistantUpdate(BaseModel):
    """Changes to an assistant; null leaves a field alone."""

    name: str | None = Field(None, min_length=1, max_length=200)
    description: str | None = None
    personality: str | None = None
    system_prompt: str | None = Field(None, min_length=1)
    instructions: str | None = None
    model: str | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    max_tokens: int | None = Field(None, ge=1)
    is_public: bool | None = None
    category: str | None = None
    tags: list[str] | None = None
    tools_config: list[JsonObject] | None = None


class DefaultAssistantRequest(BaseModel):
    """The assistant that a user starts with."""

    assistant_id: str


class ToolCreate(BaseModel):
    """A new tool."""

    name: str = Field(min_length=1, max_length=200)
    description: str | None = None
    version: str = "0.1.2-beta"
    category: str
    function_name: str = Field(min_length=1, max_length=200)
    parameters_schema: JsonObject | None = None
    implementation_path: str | None = None
    is_builtin: bool = False
    is_enabled: bool = True
    requires_auth: bool = False
    required_permissions: list[str] = Field(default_factory=list)
    rate_limit: str | None = None
    tags: list[str] = Field(default_factory=list)
    tool_metadata: JsonObject = Field(default_factory=JsonObject)


class AIModelDTO(BaseModel):
    """A new AI model."""

    name: str
    provider: str
    model_key: str
    display_name: str
    description: str | None = None
    max_tokens: int | None = None
    cost_per_1k_tokens: float | None = None
    is_active: bool = True
    is_default: bool = False
    is_favorite: bool = False
    capabilities: list[str] = Field(default_factory=list)


class KnowledgeBaseSettingsModel(BaseModel):
    """The settings of the knowledge base, in requests and in answers."""

    chunkSize: int = Field(500, ge=100, le=2000)
    chunkOverlap: int = Field(50, ge=0, le=500)
    embeddingModel: str = "text-embedding-ada-002"
    indexType: str = "hybrid"
    metadataExtraction: bool = True
    autoTagging: bool = True
    searchAlgorithm: str = "hybrid"
    maxFileSize: int = Field(10 * 1024**2, ge=1024**2, le=100 * 1024**2)
    supportedFileTypes: list[StrictStr] = Field(
        default_factory=lambda: [
            "application/pdf",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "text/plain",
            "text/markdown",
        ]
    )
    processingTimeout: int = Field(300, ge=60, le=3600)
    batchSize: int = Field(10, ge=1, le=100)
    enableCache: bool = True
    cacheExpiry: int = Field(3600, ge=60, le=24 * 3600)


class DomainGroupCreate(BaseModel):
    """A new domain group."""

    name: str = Field(min_length=1, max_length=200)
    description: str | None = Field(None, max_length=2000)
    display_name: str | None = Field(None, max_length=200)
    domain_type: str
    parent_domain_id: str | None = None
    organization_id: str | None = None
    external_id: str | None = Field(None, max_length=255)
    tags: list[str] | None = None
    is_public: bool = False
    default_access_level: str = "read_write"
    allow_self_join: bool = False
    require_approval: bool = True
    settings: JsonObject | None = None
    permissions: list[str] | None = None
