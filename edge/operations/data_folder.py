"""The data folder: made for its owner only, and the small secret files in it."""

import os
import secrets
from pathlib import Path

from config.credentials import SigningKey, signing_keys
from config.settings import Settings

API_KEY_FILE = "api-key"
SIGNING_KEYS_FILE = "signing-keys"
_OWNER_ONLY = 0o700
_SECRET = 0o600


def make_data_folder(folder: Path) -> None:
    """Create it, readable by its owner only. Raises OSError."""
    # One that exists keeps its mode: it may be a volume shared with a group on purpose.
    if not folder.is_dir():
        folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)


def ensure_signing_keys(settings: Settings) -> tuple[SigningKey, ...]:
    """The keys of EDGE_SIGNING_KEYS, else those in the data folder, made when there are none.

    Safe among processes that start together. Raises OSError, and ValueError for a broken file.
    """
    if settings.signing.keys:
        return settings.signing.keys
    fresh = f"k{secrets.token_hex(2)}:{secrets.token_hex(32)}"
    path = settings.data.folder / SIGNING_KEYS_FILE
    try:
        keys = signing_keys(keep_first(path, fresh))
    except ValueError as error:
        raise ValueError(f"{path} is damaged; expected {error}.") from error
    if not keys:
        raise ValueError(f"{path} is empty; remove it, and a new key is made.")
    return keys


def keep_first(path: Path, text: str) -> str:
    """What the file says, or ``text`` if it was not there and now says it. Raises OSError.

    The first of several writers wins, and no reader ever sees half of it.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    if not path.exists():
        try:
            _write_secret(draft, text + "\n")
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink(missing_ok=True)
    return path.read_text("utf-8").strip()


def _write_secret(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _SECRET)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
