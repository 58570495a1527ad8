//! Names for folders are plain.

use super::slug;

#[test]
fn a_slug_holds_letters_digits_and_single_dashes() {
    assert_eq!(slug("AMD EPYC (Milan), 2 cores"), "amd-epyc-milan-2-cores");
}
