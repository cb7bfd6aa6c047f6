"""`python -m kerasaudio.cli` is the `kerasaudio` command."""

import sys

from kerasaudio.cli.entry import main

sys.exit(main())
