//! Bodies as they are shown, friendly and hostile ones.

use super::*;

#[test]
fn forms_are_found() {
    for (body, form) in [
        (&b"hello"[..], Form::Text),
        (b"", Form::Text),
        (b" {\"a\": [1]}", Form::Json),
        (b"{curly}", Form::Text),
        (b"\n<a/>", Form::Xml),
        (b"\xff\xfe", Form::Hex),
        (b"a\0b", Form::Hex),
        ("größe".as_bytes(), Form::Text),
    ] {
        assert_eq!(Form::of(body), form, "{body:?}");
    }
}

#[test]
fn json_is_laid_out_and_stays_what_it_was() {
    let body = br#"{"b":1e400,"a":[12345678901234567890, "x,\"{"],"e":{},"f":[ ]}"#;
    let laid = shown(body, Form::Json, 0);
    let wanted = "{\n  \"b\": 1e400,\n  \"a\": [\n    12345678901234567890,\n    \
                  \"x,\\\"{\"\n  ],\n  \"e\": {},\n  \"f\": []\n}";
    assert_eq!(laid, wanted);
}

#[test]
fn xml_is_laid_out_and_nothing_is_expanded() {
    let body =
        b"<?xml version=\"1.0\"?><!DOCTYPE a><a x=\"1\"><b>text &lol; </b><c/><!-- a < b -->\
                 <d><e></e></d>tail</a>";
    let laid = shown(body, Form::Xml, 0);
    let wanted = "<?xml version=\"1.0\"?>\n<!DOCTYPE a>\n<a x=\"1\">\n  <b>text &lol;</b>\n  \
                  <c/>\n  <!-- a < b -->\n  <d>\n    <e></e>\n  </d>\n  tail\n</a>";
    assert_eq!(laid, wanted);
}

#[test]
fn hex_has_offsets_and_pages() {
    let body: Vec<u8> = (0..=255).cycle().take(HEX_BYTES + 20).collect();
    let first = shown(&body, Form::Hex, 0);
    let line = "00000040  40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f  @ABCDEFGHIJKLMNO\n";
    assert!(first.contains(line), "{first}");
    assert_eq!(first.lines().count(), HEX_BYTES / LINE_BYTES);
    let last = shown(&body, Form::Hex, HEX_BYTES);
    assert_eq!(last.lines().count(), 2);
    assert!(
        last.ends_with("10 11 12 13                                      ....\n"),
        "{last}"
    );
    assert_eq!(shown(&body, Form::Hex, usize::MAX), "");
}

#[test]
fn what_is_shown_is_bounded_whatever_the_body_is() {
    for one in ["[", "{", "]", "<a>", "</a>", "<", "\u{e9}", "\"", "\\", ","] {
        let body = one.repeat(4 * SHOWN_BYTES_MAX);
        for (form, ..) in Form::ALL {
            let laid = shown(body.as_bytes(), form, 0);
            let most = LAID_BYTES_MAX + 2 * DEPTH_MAX + 16;
            assert!(laid.len() <= most, "{one} as {form:?}: {}", laid.len());
        }
        Form::of(body.as_bytes());
    }
}

#[test]
fn characters_that_are_cut_at_the_bound_are_no_hex() {
    let body = format!("x{}", "é".repeat(SHOWN_BYTES_MAX));
    assert_eq!(Form::of(body.as_bytes()), Form::Text);
    assert_eq!(
        shown(body.as_bytes(), Form::Text, 0).len(),
        SHOWN_BYTES_MAX - 1
    );
}
