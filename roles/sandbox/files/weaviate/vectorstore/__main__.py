"""Start the server and stop it in an orderly way on SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path

from vectorstore.backups import Backups
from vectorstore.server import Access, build_server
from vectorstore.store import Store

LOGGER = logging.getLogger("vectorstore")


def main() -> None:
    """Serve on port 8080 until a signal asks for the end; answer what is in flight first."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    store = Store(Path(os.environ.get("PERSISTENCE_DATA_PATH", "/var/lib/weaviate")))
    enabled = "backup-filesystem" in os.environ.get("ENABLE_MODULES", "").split(",")
    folder = os.environ.get("BACKUP_FILESYSTEM_PATH", "")
    backups = Backups(store, Path(folder)) if enabled and folder else None
    server = build_server(store, backups, Access.from_environment(os.environ), os.environ["WEAVIATE_VERSION"])

    def stop(_number: int, _frame: object) -> None:
        # shutdown() waits for serve_forever(), which this handler interrupts: it needs a thread of its own.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    LOGGER.info("Vector store sandbox listening on port 8080")
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    LOGGER.info("Vector store sandbox stopped")


main()
