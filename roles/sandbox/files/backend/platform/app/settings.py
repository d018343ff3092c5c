"""Settings from the environment, under the platform's own names, with its defaults and its refusals."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

DEVELOPMENT_KEY = "dev-secret-key-for-development-only-change-in-production"


@dataclass(frozen=True)
class Settings:
    """Everything the application reads. Durations are in the unit their name says."""

    database_url: str
    redis_url: str
    redis_db: int
    weaviate_url: str
    weaviate_api_key: str
    secret_key: str
    jwt_algorithm: str
    access_minutes: int
    refresh_days: int
    version: str
    environment: str
    debug: bool
    log_level: str
    ws_url: str
    registration_enabled: bool
    start_seconds: float
    never_healthy: bool


def spoken_version(tag: str) -> str:
    """Spell the version as the platform reports it, not as it tags its images: 0.1.2-beta is `0.1.2 Beta`."""
    number, _dash, stage = tag.partition("-")
    return f"{number} {stage.capitalize()}".strip()


def is_true(value: str) -> bool:
    """Return whether a value of the environment enables something."""
    return value.strip().lower() in {"1", "true", "yes", "on"}


def _checked_key(env: Mapping[str, str]) -> str:
    key = env.get("SECRET_KEY", DEVELOPMENT_KEY)
    # Only the variable itself counts: where it is not set, the application calls itself "production" all the same.
    in_production = env.get("ENVIRONMENT", "development") == "production"
    if len(key) < (64 if in_production else 32) or (in_production and key == DEVELOPMENT_KEY):
        raise ValueError("SECRET_KEY: at least 32 characters, in production at least 64 and not the built-in one")
    return key


def read_settings(env: Mapping[str, str]) -> Settings:
    """Build the settings; ValueError names the variable that cannot be read."""
    # The list settings must be JSON: LANGUAGES=de,en stops the platform at import, and so it does here.
    json.loads(env.get("LANGUAGES", '["de", "en", "fr", "es"]'))
    return Settings(
        # psycopg2 is the driver of a plain postgresql:// here as in the platform's pinned versions.
        database_url=env.get("DATABASE_URL", "postgresql://convosphere@localhost:5432/convosphere"),
        redis_url=env.get("REDIS_URL", "redis://localhost:6379"),
        redis_db=int(env.get("REDIS_DB", "0")),
        weaviate_url=env.get("WEAVIATE_URL", "http://localhost:8080").rstrip("/"),
        weaviate_api_key=env.get("WEAVIATE_API_KEY", ""),
        secret_key=_checked_key(env),
        jwt_algorithm=env.get("JWT_ALGORITHM", "HS256"),
        access_minutes=int(env.get("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "30")),
        refresh_days=int(env.get("JWT_REFRESH_TOKEN_EXPIRE_DAYS", "7")),
        version=env.get("APP_VERSION") or spoken_version(env.get("SANDBOX_VERSION", "0.1.2-beta")),
        environment=env.get("ENVIRONMENT", "production"),
        debug=is_true(env.get("DEBUG", "false")),
        log_level=env.get("LOG_LEVEL", "INFO").upper(),
        ws_url=env.get("WS_URL", "ws://localhost:8000"),
        registration_enabled=is_true(env.get("REGISTRATION_ENABLED", "true")),
        start_seconds=float(env.get("SANDBOX_START_SECONDS", "4")),
        never_healthy=is_true(env.get("SANDBOX_NEVER_HEALTHY", "0")),
    )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process."""
    return read_settings(os.environ)
