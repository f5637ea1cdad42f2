"""Result files in SONATA's layout: written after a run or during it, read back and repaired.

``import gpusyn`` does not import this package; h5py is imported only when a file is opened.
"""

from gpusyn.io.file_layout import RecorderLayout
from gpusyn.io.results_file import Results, open_results, repair
from gpusyn.io.save import save
from gpusyn.io.stream import StreamFile

__all__ = ["RecorderLayout", "Results", "StreamFile", "open_results", "repair", "save"]
