use super::escaped;

#[test]
fn label_cannot_break_out_of_its_quotes() {
    assert_eq!(escaped("a\"} 1\n\\"), "a\\\"} 1\\n\\\\");
    assert_eq!(escaped("Köln.>"), "Köln.>");
}
