use super::*;

#[test]
fn a_body_tells_its_number_and_any_damage() {
    for filling in [0, 1, 7, 8, 1000] {
        let body = write(42, filling);
        assert_eq!(body.len(), BODY_BYTES_MIN + filling);
        assert_eq!(read(&body), Some(42));
        for at in 0..body.len() {
            let mut damaged = body.to_vec();
            damaged[at] ^= 1;
            assert_eq!(read(&damaged), None, "byte {at}");
        }
        assert_eq!(read(&body[..body.len() - 1]), None);
    }
}
