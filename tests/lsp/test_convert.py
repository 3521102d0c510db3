"""Conversions between LSP's values and our own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from ducktypist.domain import Span, TextEdit
from ducktypist.errors import StaleError
from ducktypist.lsp import convert
from ducktypist.lsp.convert import Mapper, path_to_uri, uri_to_path, workspace_edit

ENCODINGS = ["utf-8", "utf-16", "utf-32"]


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=40), encoding=st.sampled_from(ENCODINGS), data=st.data())
def test_a_span_survives_the_way_to_the_editor_and_back(
    text: str, encoding: str, data: st.DataObject
) -> None:
    """A span becomes a range and the same span again, unless it begins or ends inside a CRLF."""
    mapper = Mapper(text, encoding)
    start = data.draw(st.integers(0, len(text)))
    span = Span(start=start, end=data.draw(st.integers(start, len(text))))
    back = mapper.to_span(mapper.to_range(span))
    for given_offset, offset in ((span.start, back.start), (span.end, back.end)):
        inside_crlf = text[max(given_offset - 1, 0) : given_offset + 1] == "\r\n"
        assert offset == given_offset - (1 if inside_crlf else 0)


def test_columns_count_code_units() -> None:
    """The same place has another column in each encoding."""
    text = "é漢😀x"
    columns = {name: Mapper(text, name).to_position(3).character for name in ENCODINGS}
    assert columns == {"utf-8": 9, "utf-16": 4, "utf-32": 3}


def test_a_reversed_range_is_empty() -> None:
    """A range whose end stands before its start covers nothing."""
    mapper = Mapper("one\ntwo")
    range_ = types.Range(types.Position(1, 2), types.Position(0, 1))
    assert mapper.to_span(range_) == Span(start=1, end=1)


def test_lines_have_spans_without_their_ends() -> None:
    """A line's span leaves out its line end, and the text after the last end is a line."""
    mapper = Mapper("a\r\nbc\r\rd\n")
    spans = [mapper.line_span(line).of(mapper.text) for line in range(mapper.n_lines)]
    assert spans == ["a", "bc", "", "d", ""]
    with pytest.raises(IndexError):
        mapper.line_span(5)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///home/a%20b/c.py", "/home/a b/c.py"),
        ("file:///home/a b;c/%23d.py", "/home/a b;c/#d.py"),
        ("FILE:///x.py", "/x.py"),
        ("file://localhost/x.py", "/x.py"),
        ("file:///caf%C3%A9.py", "/café.py"),
        ("file:///bad%FF.py", "/bad\udcff.py"),
        ("file://server/share/x.py", None),
        ("untitled:Untitled-1", None),
        ("vscode-notebook-cell:/x.ipynb#W0", None),
        ("file:///a%00b", None),
        ("file://[/x", None),
        ("", None),
    ],
)
def test_only_file_uris_have_a_path(uri: str, path: str | None) -> None:
    """Percent-encoding, odd bytes and odd characters survive; other URIs have no path."""
    assert uri_to_path(uri, windows=False) == (None if path is None else Path(path))


def test_windows_uris_have_drives_and_servers() -> None:
    """A drive letter is lower case, with or without an encoded colon; a host is a share's."""
    assert uri_to_path("file:///C%3A/x/y.py", windows=True) == Path("c:/x/y.py")
    assert uri_to_path("file:///d:/x.py", windows=True) == Path("d:/x.py")
    assert uri_to_path("file://server/share/x.py", windows=True) == Path("//server/share/x.py")


@pytest.mark.parametrize("name", ["plain.py", "sp ace.py", "ünï;#?%41.py", "bad\udcff.py"])
def test_a_path_survives_the_way_to_a_uri_and_back(tmp_path: Path, name: str) -> None:
    """Whatever a file is called, its URI names it."""
    assert uri_to_path(path_to_uri(tmp_path / name)) == tmp_path / name


def capabilities(**workspace_edit_support: object) -> types.ClientCapabilities:
    """Return what a client says that supports edits like this."""
    support = types.WorkspaceEditClientCapabilities(**workspace_edit_support)  # type: ignore[arg-type] # a test's shorthand
    return types.ClientCapabilities(
        workspace=types.WorkspaceClientCapabilities(workspace_edit=support)
    )


def edit(start: int, end: int, old: str, new: str) -> TextEdit:
    """Return an edit."""
    return TextEdit(span=Span(start=start, end=end), old_text=old, new_text=new)


ANNOTATIONS = types.ChangeAnnotationsSupportOptions()


def test_an_edit_takes_the_newest_form_that_the_client_knows() -> None:
    """Plain changes, versioned changes, or versioned and labelled ones."""
    mapper, changes = Mapper("a😀b\nc"), [edit(4, 5, "c", "d"), edit(2, 3, "b", "B")]

    def made(client: types.ClientCapabilities) -> types.WorkspaceEdit:
        return workspace_edit(
            changes, uri="file:///x", version=3, mapper=mapper, client=client, label="plausible"
        )

    plain = made(types.ClientCapabilities())
    assert plain.document_changes is None
    assert plain.changes is not None
    assert [each.new_text for each in plain.changes["file:///x"]] == ["B", "d"]
    assert plain.changes["file:///x"][0].range.start == types.Position(0, 3)

    versioned = made(capabilities(document_changes=True))
    assert versioned.change_annotations is None
    assert versioned.document_changes is not None
    first = versioned.document_changes[0]
    assert isinstance(first, types.TextDocumentEdit)
    assert first.text_document.version == 3

    labelled = made(capabilities(document_changes=True, change_annotation_support=ANNOTATIONS))
    assert labelled.change_annotations is not None
    assert [each.label for each in labelled.change_annotations.values()] == ["plausible"]
    assert labelled.document_changes is not None
    first = labelled.document_changes[0]
    assert isinstance(first, types.TextDocumentEdit)
    assert {type(each) for each in first.edits} == {types.AnnotatedTextEdit}

    unversioned_annotations = made(capabilities(change_annotation_support=ANNOTATIONS))
    assert unversioned_annotations.changes is not None


def test_an_edit_of_another_text_is_stale() -> None:
    """What is to be replaced must still stand there."""
    with pytest.raises(StaleError):
        workspace_edit(
            [edit(0, 1, "x", "y")],
            uri="file:///x",
            version=1,
            mapper=Mapper("abc"),
            client=types.ClientCapabilities(),
        )


def test_overlapping_edits_are_refused() -> None:
    """LSP forbids them."""
    with pytest.raises(ValueError, match="overlap"):
        workspace_edit(
            [edit(0, 2, "ab", "y"), edit(1, 3, "bc", "z")],
            uri="file:///x",
            version=1,
            mapper=Mapper("abc"),
            client=types.ClientCapabilities(),
        )


def test_a_client_that_says_nothing_can_nothing() -> None:
    """Absent capabilities are absent, at any depth."""
    questions = [
        convert.supports_resolve_edit,
        convert.supports_action_data,
        convert.hover_markdown,
        convert.supports_progress,
        convert.supports_change_annotations,
        convert.supports_apply_edit,
        convert.supports_document_changes,
        convert.supports_configuration,
        convert.inline_completion,
    ]
    assert not any(question(types.ClientCapabilities()) for question in questions)
    everything = types.ClientCapabilities(
        window=types.WindowClientCapabilities(work_done_progress=True),
        workspace=types.WorkspaceClientCapabilities(
            apply_edit=True,
            configuration=True,
            workspace_edit=types.WorkspaceEditClientCapabilities(
                document_changes=True, change_annotation_support=ANNOTATIONS
            ),
        ),
        text_document=types.TextDocumentClientCapabilities(
            hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown]),
            inline_completion=types.InlineCompletionClientCapabilities(),
            code_action=types.CodeActionClientCapabilities(
                data_support=True,
                resolve_support=types.ClientCodeActionResolveOptions(properties=["edit"]),
            ),
        ),
    )
    assert all(question(everything) for question in questions)
