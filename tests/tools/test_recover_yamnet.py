"""The tool that makes a weights file of YAMNet's LiteRT file."""

import importlib.util
from pathlib import Path

import h5py
import pytest

CHECKOUT = Path(__file__).parents[2]
pytest.importorskip("ai_edge_litert", reason="its schema reads the LiteRT file")


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location(
        "recover_yamnet", CHECKOUT / "tools" / "recover_yamnet.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.shared
def test_it_writes_the_official_layout(tool, shared, tmp_path, capsys):
    output = tmp_path / "recovered.h5"

    assert tool.main([str(shared / "reference" / "yamnet.tflite"), str(output)]) == 0

    assert "110 arrays" in capsys.readouterr().out
    with h5py.File(output) as file:
        assert b"layer14/pointwise_conv/bn" in file.attrs["layer_names"]
        kernel = file["layer2/depthwise_conv/layer2/depthwise_conv/depthwise_kernel:0"]
        assert kernel.shape == (3, 3, 32, 1)
        assert file["dense/dense/kernel:0"].shape == (1024, 521)


def test_it_says_what_is_wrong(tool, tmp_path, capsys):
    output = tmp_path / "recovered.h5"
    wrong = tmp_path / "wrong.tflite"
    wrong.write_bytes(bytes(100))

    assert tool.main([str(wrong), str(output)]) == 1
    assert "is no LiteRT file" in capsys.readouterr().err
    assert tool.main([str(tmp_path / "none.tflite"), str(output)]) == 1
    assert "none.tflite" in capsys.readouterr().err
    assert not output.exists()
    with pytest.raises(SystemExit):
        tool.main([str(wrong), str(tmp_path / "recovered.bin")])
    with pytest.raises(SystemExit):
        tool.main(["--help"])
