"""Optional packages are imported where they are used; if one is missing, the error names the pip command for it."""

from __future__ import annotations

import importlib
from typing import Any

from gpusyn.errors import MissingDependencyError


def require(package: str, purpose: str, install: str) -> Any:
    """Import an optional package and return it.

    Parameters
    ----------
    package : str
        Name of the module, such as ``"h5py"``.
    purpose : str
        Purpose for which it is needed, in the words of a user; it begins the message.
    install : str
        Arguments of ``pip install``, with spaces between them.

    Returns
    -------
    module

    Raises
    ------
    MissingDependencyError
        If the package is not installed or cannot be imported.

    Examples
    --------
    >>> require("h6py", "reading result files", "h5py")
    Traceback (most recent call last):
        ...
    gpusyn.errors.MissingDependencyError: reading result files needs h6py, which is not installed; \
install it with: pip install "h5py"
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == package.partition(".")[0]
        state = "is not installed" if absent else f"cannot be imported ({error})"
        name = package.partition(".")[0]
        packages = " ".join(f'"{one}"' for one in install.split())
        raise MissingDependencyError(
            f"{purpose} needs {name}, which {state}; install it with: pip install {packages}"
        ) from None
