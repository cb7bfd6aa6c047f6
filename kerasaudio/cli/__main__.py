"""`python -m kerasaudio.cli` is the `kerasaudio` command."""

import sys

from kerasaudio.cli.main import main

sys.exit(main())
