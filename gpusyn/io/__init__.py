"""Files: results in SONATA's layout, written at once, streamed, read back and repaired.

Nothing here is imported by ``import gpusyn``, and h5py only when a file is touched.
"""

from gpusyn.io.file_layout import RecorderLayout
from gpusyn.io.results_file import Results, open_results, repair
from gpusyn.io.save import save
from gpusyn.io.writer import StreamFile

__all__ = ["RecorderLayout", "Results", "StreamFile", "open_results", "repair", "save"]
